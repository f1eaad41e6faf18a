"""What the staff does with people, with files, and on the pages that show how the site is doing."""

from collections.abc import Callable, Iterator

from django.test import override_settings
from django.utils import timezone

from bench.rows.fill import BUSY, FIRST_OTHER
from bench.rows.staff import Staff
from tests.support.exports import export

PEOPLE = "/admin/accounts/user/"
FILE_ROWS = 20  # as many as there are with few answers in the database


def people() -> Iterator[tuple[str, Callable[[], object]]]:
    staff = Staff()
    get = staff.get
    today = timezone.localdate()

    @override_settings(ASKME_EXPORT_ROWS=FILE_ROWS)
    def download(choice: str, query: str = "") -> None:
        assert export(staff.client, choice, query)

    yield "people: the list", get(PEOPLE)
    yield "people: a day", get(PEOPLE, since=today, until=today)
    yield "people: guests", get(PEOPLE, is_guest__exact="1")
    yield "people: who was deactivated", get(PEOPLE, is_active__exact="0")
    yield "people: the staff", get(PEOPLE, is_staff__exact="1")
    yield "people: by a username", get(PEOPLE, q=f"person-{FIRST_OTHER}")
    yield "people: by an email address that nobody has", get(PEOPLE, q="nobody@example.org")
    yield "people: the page of one with many answers", get(f"{PEOPLE}{BUSY}/change/")
    yield f"files: {FILE_ROWS} answers as CSV", lambda: download("csv")
    yield (
        f"files: {FILE_ROWS} answers of one person as JSON Lines",
        lambda: download("jsonl", f"?user={BUSY}"),
    )
    yield f"files: {FILE_ROWS} answers with bad ratings", lambda: download("rated", "?rating=-1")
    yield "admin: the first page, with warnings", get("/admin/")
    yield "admin: usage", get("/admin/answers/dailyusage/")
    yield "admin: usage of a year", get("/admin/answers/dailyusage/", days="365")
    yield "admin: now", get("/admin/answers/process/")
