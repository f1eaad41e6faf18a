"""What formatting costs: `python -m tests.formatting.costs` prints it for growing answers of several kinds."""

from time import thread_time

from answers.formatting import Growing, changes
from tests.formatting.reading import PREFIX, run

PARAGRAPH = "A paragraph that explains *something* at some length, with `code` in it and **bold** words.\n"
ANSWER = (
    "# Title\n\n"
    + PARAGRAPH * 6
    + "\n- an item\n- **another** item\n\n```python\nx = [1, 2]\n```\n\n"
    + "| a | b |\n|---|--:|\n| 1 | `2` |\n\nWith \\(x^2\\) and [a link](https://a.example/).\n\n"
) * 6
CODE = "".join(
    f"Paragraph {n} explains **what** follows.\n\n```python\n"
    + "".join(f"def function_{i}(a, b):\n    return a + b * {i}  # comment\n\n" for i in range(34))
    + "```\n\n"
    for n in range(10)
)
LIST = "".join(
    f"{n}. **Item {n}** says something about `a thing` that is about a line long.\n" for n in range(1, 201)
)
TABLE = "| Name | Value | Comment |\n|---|--:|---|\n" + "".join(
    f"| name {n} | {n} | **comment** with `code` about {n} |\n" for n in range(300)
)
TEXTS = {"answer": ANSWER[:4_300], "code": CODE, "list": LIST, "table": TABLE}
CHARS_PER_TOKEN = 4
TOKENS_PER_SECOND = 50


def microseconds_per_token(text: str, updates_per_second: int = 10) -> float:
    """Processor time for one token of a text that is rendered so often, at 50 tokens a second."""
    step = CHARS_PER_TOKEN * TOKENS_PER_SECOND // updates_per_second
    growing = Growing(PREFIX)
    begin = thread_time()
    for start in range(0, len(text), step):
        before = growing.blocks
        growing.feed(text[start : start + step])
        run(growing.render())
        changes(before, growing.blocks)
    return (thread_time() - begin) / len(text) * CHARS_PER_TOKEN * 1e6


def main() -> None:
    for name, text in TEXTS.items():
        costs = [f"{microseconds_per_token(text, rate):6.1f} at {rate}/s" for rate in (16, 10, 5)]
        print(f"{name:8} {len(text):6} characters, us per token:", *costs)  # noqa: T201


if __name__ == "__main__":
    main()
