"""What an operator sees of an answer in the admin."""

from playwright.sync_api import expect

from tests.support.browser import OpenTab
from tests.support.database import execute
from tests.support.sites import Site

PASSWORD = "correct horse battery"

IS_WITHIN = """(element) => {
    const text = document.createRange();
    text.selectNodeContents(element);
    const page = document.querySelector("#content-main");
    return text.getBoundingClientRect().right <= page.getBoundingClientRect().right;
}"""


def test_long_words_do_not_leave_the_page(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, may_log="404")  # the admin has no icon
    tab.asks("Who?", "Hello, world")
    [(answer,)] = execute(
        shared_site, "UPDATE answers_answer SET response_id = ? RETURNING id", "resp_" + "x" * 450
    )
    shared_site.environment["DJANGO_SUPERUSER_PASSWORD"] = PASSWORD
    done = shared_site.manage("createsuperuser", "--noinput", "--username=op", "--email=op@example.org")
    assert done.returncode == 0, done.stderr
    tab.page.goto(f"{shared_site.url}/admin/answers/answer/{answer}/change/")
    tab.page.get_by_label("Email or username").fill("op")
    tab.page.get_by_label("Password", exact=True).fill(PASSWORD)
    tab.page.get_by_label("Password", exact=True).press("Enter")
    value = tab.page.locator(".field-response_id .readonly")
    expect(value).to_contain_text("resp_xxx")
    assert value.evaluate(IS_WITHIN)
