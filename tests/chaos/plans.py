"""What the seed draws for each answer: its text, how the API sends it, and the faults of its pages."""

from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

# What the API does, how often, and the possible ends when nothing else goes wrong.
API_FAULTS: dict[str, tuple[int, set[str]]] = {
    "none": (10, {"complete"}),
    "API stalls, goes on": (2, {"complete"}),
    "API hangs for good": (1, {"failed"}),
    "API cuts with FIN": (2, {"failed"}),
    "API cuts with RST": (2, {"failed"}),
    "API cuts before text": (1, {"complete"}),  # askme asks again
    "API drips": (2, {"complete"}),
    "API says 429 once": (2, {"complete"}),
    "API says 503 once": (2, {"complete"}),
    "API says 500 always": (1, {"failed"}),
    "API sends garbage": (1, {"failed", "complete"}),
    "API finishes twice": (2, {"complete"}),
}
ASKED_AGAIN = {
    "API cuts before text": 2,
    "API says 429 once": 2,
    "API says 503 once": 2,
    "API says 500 always": 3,
}

PAGE_FAULTS = {
    "cut a page's socket": 6,
    "freeze a page's socket": 3,
    "move a page to another process": 4,
    "second page elsewhere": 4,
    "stop": 2,
    "stop from another process": 2,
}
PROCESSES = 3
FAULTS_PER_ANSWER = (0, 1, 1, 2, 2, 3)
TOKENS = (1, 300)
SECONDS = (0.5, 9.0)  # how long the API takes to send them


@dataclass
class Plan:
    number: int
    id: UUID
    tokens: list[str]
    pause: float  # seconds before each token
    api_fault: str
    api_at: int  # the token at which the fault happens
    process: int  # the process that gets the question
    page_faults: list[tuple[float, str]]  # seconds after the question, in order
    seed: int  # for random choices during the run

    # What happened
    requests: int = 0
    said: int = 0  # code points that the API has sent
    api_open: bool = False
    api_closed: float | None = None
    asked: float | None = None
    stopped: float | None = None
    log: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.tokens)

    def chars_in(self, seconds: float) -> float:
        """Return how many characters the API sends at most in this time."""
        return max(map(len, self.tokens)) * (1 + seconds / self.pause)

    @property
    def question(self) -> str:
        return f"Question {self.number}"

    @property
    def usage(self) -> dict[str, Any]:
        """What the API says at the end that it has used."""
        return {
            "prompt_tokens": 10 + self.number,
            "completion_tokens": len(self.tokens),
            "cost": self.number / 10_000,
        }

    @property
    def ends(self) -> set[str]:
        stops = any(kind.startswith("stop") for _, kind in self.page_faults)
        return API_FAULTS[self.api_fault][1] | ({"stopped"} if stops else set())

    @property
    def requests_allowed(self) -> int:
        return ASKED_AGAIN.get(self.api_fault, 1)


def another(process: int, random: Random) -> int:
    return (process + random.randrange(1, PROCESSES)) % PROCESSES


def draw(number: int, random: Random) -> Plan:
    count = random.randint(*TOKENS)
    faults = list(API_FAULTS)
    kinds = random.choices(list(PAGE_FAULTS), list(PAGE_FAULTS.values()), k=random.choice(FAULTS_PER_ANSWER))
    seconds = random.uniform(*SECONDS)
    return Plan(
        number=number,
        id=UUID(int=random.getrandbits(128), version=4),
        # Some long code points, because positions count neither bytes nor UTF-16 units.
        tokens=[f"{index}{' 👩‍🚀é'[: random.randint(1, 5)]} " for index in range(count)],
        pause=seconds / max(count, 1),
        api_fault=random.choices(faults, [API_FAULTS[fault][0] for fault in faults])[0],
        api_at=random.randint(1, count),
        process=random.randrange(PROCESSES),
        page_faults=sorted((random.uniform(0, seconds + 1), kind) for kind in kinds),
        seed=random.getrandbits(32),
    )
