"""The sentence about who keeps and reads questions and answers: one, before and after the first question."""

from playwright.sync_api import expect

from tests.support.browser import OpenTab, Tab
from tests.support.sites import Site


def place_of_notice(tab: Tab) -> float:
    """The distance from the top of the page. Expects to find one notice."""
    notice = tab.page.locator(".kept-notice:visible")
    expect(notice).to_have_count(1)
    return float(notice.evaluate("node => node.getBoundingClientRect().top + scrollY"))


def test_the_notice_stays_in_view_when_the_first_question_is_asked(
    shared_site: Site, open_tab: OpenTab
) -> None:
    tab = open_tab(shared_site.url)
    box = tab.box.bounding_box()
    assert box is not None
    assert place_of_notice(tab) > box["y"]
    tab.asks("Who reads this?", "Hello, world")
    asked = place_of_notice(tab)
    tab.page.reload()
    assert place_of_notice(tab) == asked
