"""What the staff does with the log of all answers, in the admin."""

from collections.abc import Callable, Iterator

from django.utils import timezone

from accounts.models import User
from answers.models import Answer
from answers.pages.thread_list import Place as PageStart
from bench.rows.fill import BUSY, FIRST_OTHER, Place
from bench.rows.staff import Staff

LIST = "/admin/answers/answer/"


def log(busy: User) -> Iterator[tuple[str, Callable[[], object]]]:
    get = Staff().get
    newest = Answer.objects.filter(user=busy).finished().newest_first()
    middle = newest[newest.count() // 2]
    day = timezone.localdate(middle.asked_at)

    yield "log: the list of answers", get(LIST)
    yield "log: a deep page", get(LIST, older=str(PageStart(middle.asked_at, middle.pk)))
    yield "log: back to newer ones", get(LIST, newer=str(PageStart(middle.asked_at, middle.pk)))
    yield "log: a day", get(LIST, since=day, until=day)
    yield "log: one status", get(LIST, status="failed")
    yield "log: a status that no answer has", get(LIST, status="stopped")
    yield "log: one error code", get(LIST, error_code="busy")
    yield "log: one model", get(LIST, model="other")
    yield "log: bad ratings", get(LIST, rating="-1")
    yield "log: bad ratings with a comment", get(LIST, rating="bad-commented")
    yield "log: one person", get(LIST, user=BUSY)
    yield "log: two filters that few answers match", get(LIST, status="complete", error_code="busy")
    yield "log: a person's failures on a model", get(LIST, user=BUSY, status="failed", model="other")
    yield "log: by the id of an answer", get(LIST, q=Place(BUSY, 3).id)
    yield "log: by the API's id", get(LIST, q=f"resp_{Place(FIRST_OTHER, 3).id.hex}")
    yield "log: by a person's name", get(LIST, q=f"person-{FIRST_OTHER}")
    yield "log: by an email address that nobody has", get(LIST, q="nobody@example.org")
    yield "log: search: a common word", get(LIST, q="often")
    yield "log: search: a rare word", get(LIST, q="seldom")
    yield "log: search: a word that nobody used", get(LIST, q="zyzzyva")
    yield "log: search: a common word in one person's", get(LIST, q="others", user=FIRST_OTHER)
    yield "log: search: a rare word with a status", get(LIST, q="seldom", status="failed")
    yield "log: the page of an answer", get(f"{LIST}{Place(BUSY, 3).id}/change/")
    yield "log: the shared links", get("/admin/answers/share/")
