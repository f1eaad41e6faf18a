"""What the staff does with the log of all answers, in the admin."""

from collections.abc import Callable, Iterator

from django.test import Client
from django.utils import timezone

from accounts.models import User
from answers.models import Answer
from answers.pages.thread_list import Place as PageStart
from bench.rows.fill import BUSY, FIRST_OTHER, Place

LIST = "/admin/answers/answer/"


def log(busy: User) -> Iterator[tuple[str, Callable[[], object]]]:
    client = Client()
    client.force_login(User.objects.get_or_create(username="staff", is_staff=True, is_superuser=True)[0])
    client.get("/admin/")
    newest = Answer.objects.filter(user=busy).finished().newest_first()
    middle = newest[newest.count() // 2]
    day = timezone.localdate(middle.asked_at)

    def get(address: str = LIST, **query: object) -> Callable[[], object]:
        def run() -> None:
            assert client.get(address, query).status_code == 200, address

        return run

    yield "log: the list of answers", get()
    yield "log: a deep page", get(older=str(PageStart(middle.asked_at, middle.pk)))
    yield "log: back to newer ones", get(newer=str(PageStart(middle.asked_at, middle.pk)))
    yield "log: a day", get(since=day, until=day)
    yield "log: one status", get(status="failed")
    yield "log: a status that no answer has", get(status="stopped")
    yield "log: one error code", get(error_code="busy")
    yield "log: one model", get(model="other")
    yield "log: bad ratings", get(rating="-1")
    yield "log: bad ratings with a comment", get(rating="bad-commented")
    yield "log: one person", get(user=BUSY)
    yield "log: two filters that few answers match", get(status="complete", error_code="busy")
    yield "log: a person's failures on a model", get(user=BUSY, status="failed", model="other")
    yield "log: by the id of an answer", get(q=Place(BUSY, 3).id)
    yield "log: by the API's id", get(q=f"resp_{Place(FIRST_OTHER, 3).id.hex}")
    yield "log: by a person's name", get(q=f"person-{FIRST_OTHER}")
    yield "log: by an email address that nobody has", get(q="nobody@example.org")
    yield "log: search: a common word", get(q="often")
    yield "log: search: a rare word", get(q="seldom")
    yield "log: search: a word that nobody used", get(q="zyzzyva")
    yield "log: search: a common word in one person's", get(q="others", user=FIRST_OTHER)
    yield "log: search: a rare word with a status", get(q="seldom", status="failed")
    yield "log: the page of an answer", get(f"{LIST}{Place(BUSY, 3).id}/change/")
    yield "log: the shared links", get("/admin/answers/share/")
