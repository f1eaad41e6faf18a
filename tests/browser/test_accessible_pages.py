"""axe finds nothing on any page, in light, dark and forced colours."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.api_server import answer
from tests.support.axe import assert_accessible
from tests.support.browser import OpenTab, Tab
from tests.support.forms import PASSWORD
from tests.support.sites import Site

LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "forced colours": {"forced_colors": "active"},
    "phone": {"viewport": {"width": 320, "height": 640}, "has_touch": True},
}
VISITORS = [
    "/",
    "/ask/",
    "/history/",
    "/history/?q=nothing&since=never",
    "/language/?next=/",
    "/nothing/",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/invitation/x/",
]
OWN = ["share/", "delete/", "thread/delete/"]  # below the address of an answer
ACCOUNTS = [
    "/history/",
    "/history/?q=sky",
    "/history/?q=nowhere",
    "/history/auto-delete/",
    "/history/delete/",
    "/account/delete/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/2fa/",
    "/accounts/sessions/",
    "/accounts/logout/",
]
ERRORS = ["400", "403", "403_csrf", "429", "500", "503"]


@pytest.fixture(params=LOOKS)
def tab(request: pytest.FixtureRequest, shared_site: Site, open_tab: OpenTab) -> Tab:
    # A page that is not found, or refused, is an error in the console.
    return open_tab(shared_site.url, may_log="40[034]", **LOOKS[request.param])


def see(page: Page, *addresses: str) -> None:
    """Expect that each is accessible, needs no scrolling to the side, and has a title of its own."""
    for address in addresses:
        page.goto(address)
        assert_accessible(page)
        hidden = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(hidden) <= 0, f"{address} is wider than the window"
        assert (page.title() == "Ask Me Anything") == (re.search("//[^/]+/(ask/)?$", page.url) is not None)


def test_what_breaks_a_rule_is_named(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url)
    tab.page.evaluate("document.body.append(document.createElement('img'))")
    with pytest.raises(AssertionError, match="image-alt"):
        assert_accessible(tab.page)


def test_pages_of_visitors_are_accessible(shared_site: Site, tab: Tab) -> None:
    see(tab.page, *(shared_site.url + path for path in VISITORS))


def test_pages_of_a_thread_are_accessible(shared_site: Site, tab: Tab) -> None:
    shared_site.api.when("Why is the sky blue?", answer(["Because."]))
    tab.ask("Why is the sky blue?")
    tab.shows("Because.")
    tab.page.wait_for_url(re.compile("/a/"))
    thread = tab.page.url.partition("#")[0]
    see(tab.page, *(thread + path for path in OWN))
    tab.page.goto(f"{thread}share/")
    tab.page.get_by_role("button", name="Create link").click()
    expect(tab.page.get_by_role("button", name="Copy")).to_be_visible()
    assert_accessible(tab.page)
    link = tab.page.get_by_label("Link").input_value()
    tab.page.goto(link)
    assert_accessible(tab.page)
    tab.page.goto(thread)
    tab.page.locator(".thread-actions summary").click()
    assert_accessible(tab.page)


def test_pages_of_an_account_are_accessible(shared_site: Site, tab: Tab, request) -> None:
    shared_site.api.when("Why is the sky blue?", answer(["The sky scatters."]))
    tab.ask("Why is the sky blue?")
    tab.shows("The sky scatters.")
    page = tab.page
    page.goto(f"{shared_site.url}/accounts/signup/")
    look = re.sub(r"\W", "", request.node.callspec.params["tab"])
    page.get_by_label("Email").fill(f"{look}@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("link", name=f"{look}@example.org")).to_be_visible()
    see(page, *(shared_site.url + path for path in ACCOUNTS))
    page.goto(f"{shared_site.url}/accounts/2fa/totp/activate/")  # which first asks for the password
    assert_accessible(page)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_label("Authenticator code")).to_be_visible()
    assert_accessible(page)


RENDER = """
from django.template.loader import render_to_string
for name in %r:
    print(render_to_string(f"{name}.html", {"problem": "No database."}), end="<!-- -->")
"""


@pytest.fixture(scope="module")
def error_pages(shared_site: Site) -> list[str]:
    """As the site renders them where there is no request, such as when the database is unavailable."""
    rendered = shared_site.manage("shell", "-v0", "-c", RENDER % ERRORS).stdout
    return rendered.split("<!-- -->")[: len(ERRORS)]


@pytest.mark.parametrize("look", LOOKS)
def test_error_pages_are_accessible(
    shared_site: Site, open_tab: OpenTab, error_pages: list[str], look: str
) -> None:
    page, pages = open_tab("about:blank", **LOOKS[look]).page, iter(error_pages)
    page.route("**/error", lambda route: route.fulfill(body=next(pages), content_type="text/html"))
    for _ in error_pages:
        see(page, f"{shared_site.url}/error")


def test_the_first_tab_stop_skips_the_bar(shared_site: Site, open_tab: OpenTab) -> None:
    page = open_tab(f"{shared_site.url}/history/").page
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    assert skip.evaluate("one => getComputedStyle(one).clipPath") == "none"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Ask a question")).to_be_focused()
