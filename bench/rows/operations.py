"""What people and the process do all the time, through the code that really does it."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from django.db import connection
from django.test import Client, override_settings
from django.utils import timezone

from accounts.models import User
from answers.asking import questions
from answers.asking.requester import Requester
from answers.engine import queue
from answers.engine.lease import Lease
from answers.models import Answer, QuestionLog, Status
from answers.pages import export
from answers.pages.thread_list import Place as PageStart
from answers.protocol import Ask, Refused
from bench.rows.audit import audit
from bench.rows.fill import BUSY, FIRST_OTHER, LEAVER, LEAVER_ANSWERS, THREAD_ANSWERS, Place
from bench.rows.log import log
from bench.rows.people import people
from bench.rows.usage import BUDGETS, usage

RUNS = 7  # of each operation; the best counts
# So high that nobody reaches them, and so everything is counted.
LIMITS = {
    f"ASKME_{whose}QUESTIONS_PER_{window}": 100_000
    for whose in ("", "ADDRESS_")
    for window in ("MINUTE", "DAY")
} | BUDGETS
LIMITS["ASKME_RUNNING_PER_USER"] = 1_000_000  # nobody answers the questions that are asked here

Operation = Callable[[], object]


def cpu_seconds() -> float:
    """Of this process and its session in PostgreSQL. Other work on the machine hardly changes it."""
    seconds = time.process_time()
    if connection.vendor == "postgresql":
        session = connection.connection.info.backend_pid
        seconds += int(Path(f"/proc/{session}/schedstat").read_text().split()[0]) / 1e9
    return seconds


def measure(run: Operation, run_seconds: float) -> float:
    """The best of several runs, in milliseconds of CPU, once everything is warm. No new run begins after
    `run_seconds`."""
    run()
    costs: list[float] = []
    began = time.perf_counter()
    while len(costs) < RUNS and (not costs or time.perf_counter() - began < run_seconds):
        start = cpu_seconds()
        run()
        costs.append(cpu_seconds() - start)
    return min(costs) * 1000


@override_settings(ASKME_QUESTIONS_PER_MINUTE=0)
def measure_all(run_seconds: float) -> dict[str, float]:
    busy, other = User.objects.get(pk=BUSY), User.objects.get(pk=FIRST_OTHER)
    operations = [*asking(busy), *background(busy), *pages(busy), *search(busy), *usage(busy)]
    operations += [*others(other), *log(busy), *people(), *audit()]
    results = {name: measure(run, run_seconds) for name, run in operations}
    return results | deletion(busy, run_seconds)


def asking(busy: User) -> Iterator[tuple[str, Operation]]:
    guest = User.objects.get(pk=FIRST_OTHER)

    def ask(**fields: object) -> None:
        questions._save.__wrapped__(Requester(busy), Ask(uuid.uuid4(), "Why?", **fields), uuid.uuid4())

    def ask_as_guest() -> None:
        requester = Requester(guest)
        requester.address = "192.0.2.7"
        questions._save.__wrapped__(requester, Ask(uuid.uuid4(), "Why?"), uuid.uuid4())

    @override_settings(ASKME_QUESTIONS_PER_MINUTE=1)
    def be_refused() -> None:
        with suppress(Refused):
            ask()

    yield "ask", ask
    yield "ask a follow-up", lambda: ask(follows=Place(BUSY, 8).id)
    yield "ask as a guest, with all limits", override_settings(**LIMITS)(ask_as_guest)
    yield "be refused by a limit", be_refused


def background(busy: User) -> Iterator[tuple[str, Operation]]:
    user = User.objects.get(pk=BUSY)
    lease = Lease(uuid.uuid4())
    rows = [Answer.objects.ask(user, uuid.uuid4(), "Running?", process_id=lease.process) for _ in range(50)]
    ids = [row.pk for row in rows]
    Answer.objects.filter(pk__in=ids).update(status=Status.RUNNING)
    texts = dict.fromkeys(ids, ("text " * 100, 0, 0))
    waiting = Answer.objects.ask(
        user, uuid.uuid4(), "Waiting?", turn=queue.next_place(user, uuid.uuid4()).turn
    )

    @override_settings(ASKME_RUNNING_PER_USER=0)
    def claim() -> None:
        Answer.objects.ask(user, uuid.uuid4(), "Next?")
        [claimed] = queue.claim(lease.process, 1, only_own=False)
        assert Answer.objects.finish(claimed.id, status=Status.COMPLETE)

    def stop_waiting() -> None:
        assert queue.stop(user, Answer.objects.ask(user, uuid.uuid4(), "Stopped?").pk)

    def sweep() -> None:
        lease._next_sweep = 0
        assert not list(lease.sweep(ids))

    yield "claim a question", claim
    yield "stop a question that waits", stop_waiting
    yield "tell the places in the queue", lambda: queue.ahead_of(waiting)
    yield "count the questions that wait", queue.length
    yield (
        "save 50 running answers",
        lambda: Answer.objects.save_running(["text", "edition", "sent_turns"], texts),
    )
    yield (
        "look for stop requests",
        lambda: list(Answer.objects.filter(pk__in=ids).order_by().with_stop_requested()),
    )
    yield "sweep for dead processes", sweep
    yield "forget the log of a day", lambda: QuestionLog.objects.expired().delete()


def pages(busy: User) -> Iterator[tuple[str, Operation]]:
    client = Client()
    client.force_login(busy)
    newest = Answer.objects.filter(user=busy).finished().newest_first()
    middle = newest[newest.count() // 2]
    day = timezone.localdate(middle.asked_at)
    answer = f"/a/{Place(BUSY, 3).id}"

    def get(address: str, **query: object) -> Operation:
        def run() -> None:
            assert client.get(address, query).status_code == 200, address

        return run

    yield "first page", get("/")
    yield "history: first page", get("/history/")
    yield "history: deep page", get("/history/", older=str(PageStart(middle.asked_at, middle.pk)))
    yield "history: a day", get("/history/", since=day, until=day)
    yield "history: one status", get("/history/", status="failed")
    yield "export: one batch", lambda: export._read.func(export.Order(busy.answers.all()), middle)
    yield "page of a thread", get(f"{answer}/")
    yield "page of a shared link", get(f"/s/{Place(BUSY, 0).id.hex}/")
    yield "rate an answer", lambda: client.post(f"{answer}/rate/", {"rating": "1"})


def search(busy: User) -> Iterator[tuple[str, Operation]]:
    client = Client()
    client.force_login(busy)

    def find(words: str, **query: object) -> Operation:
        def run() -> None:
            assert client.get("/history/", {"q": words, **query}).status_code == 200

        return run

    yield "search: a common word", find("often")
    yield "search: a rare word", find("seldom")
    yield "search: a word that nobody used", find("zyzzyva")
    yield "search: a common word of other people", find("others")
    yield "search: common, and excluded", find("often -because")


def others(other: User) -> Iterator[tuple[str, Operation]]:
    client = Client()
    client.force_login(other)
    yield "another person's history", lambda: client.get("/history/")
    yield "another person's search", lambda: client.get("/history/", {"q": "often"})


def deletion(busy: User, run_seconds: float) -> dict[str, float]:
    """Each can be done once, so these are single measurements, per row where there are many."""
    client, leaver = Client(), Client()
    client.force_login(busy)
    leaver.force_login(User.objects.get(pk=LEAVER))
    newest = iter(
        Answer.objects.filter(user=busy).finished().newest_first().values_list("pk", flat=True)[:20]
    )

    def delete_one() -> None:
        assert client.post(f"/a/{next(newest)}/delete/").status_code == 302

    def delete_thread() -> None:
        assert client.post(f"/a/{next(threads)}/thread/delete/").status_code == 302

    threads = iter([Place(BUSY, number * THREAD_ANSWERS).id for number in range(RUNS + 1)])

    def delete_account() -> None:
        assert leaver.post("/account/delete/").status_code == 200

    question = measure(lambda: client.get("/history/delete/"), run_seconds)
    one = measure(delete_one, run_seconds)
    thread = measure(delete_thread, run_seconds)
    start = cpu_seconds()
    delete_account()
    row = (cpu_seconds() - start) * 1000 / LEAVER_ANSWERS
    assert not Answer.objects.filter(user=LEAVER).exists()
    return {
        "page before deleting all answers, with their number": question,
        "delete an answer": one,
        "delete a thread of ten answers": thread,
        "delete an account, per answer": row,
    }
