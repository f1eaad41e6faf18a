"""The operator's log in a browser: the list of answers, and the page of one."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.api_server import answer
from tests.support.axe import assert_accessible
from tests.support.browser import OpenTab, dictated
from tests.support.browser_login import open_as_operator
from tests.support.sites import Site

LIST = "admin/answers/answer/"
TEXT = "It is **scattered**.\n\n```python\nx = 1\n```"
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def ask(site: Site, open_tab: OpenTab, question: str, text: str = TEXT) -> None:
    site.api.when(question, answer([text]))
    tab = open_tab(site.url)
    tab.ask(question)
    expect(tab.last).to_have_attribute("data-status", "complete")


def operator(site: Site, open_tab: OpenTab, path: str = LIST, **look: object) -> Page:
    return open_as_operator(site, open_tab, path, **look)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_list_and_the_page_are_accessible(shared_site: Site, open_tab: OpenTab, scheme: str) -> None:
    ask(shared_site, open_tab, f"Accessible, {scheme}?")
    page = operator(shared_site, open_tab, color_scheme=scheme)
    assert_accessible(page, "#content-main")
    page.get_by_role("link", name=f"Accessible, {scheme}?").click()
    expect(page.get_by_text("This answer", exact=True)).to_be_visible()
    page.get_by_text("Source of the text").click()
    assert_accessible(page, "#content-main")


def test_a_search_a_filter_and_days_work_from_the_keyboard(shared_site: Site, open_tab: OpenTab) -> None:
    ask(shared_site, open_tab, "Where do glaciers go?")
    ask(shared_site, open_tab, "What is a leap second?")
    page = operator(shared_site, open_tab)
    page.get_by_role("searchbox", name="Search").fill("glaciers")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Where do glaciers go?")).to_be_visible()
    expect(page.get_by_text("What is a leap second?")).to_have_count(0)
    page.get_by_role("link", name="Failed", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("0 answers", exact=True)).to_be_visible()
    expect(page.get_by_role("searchbox", name="Search")).to_have_value("glaciers")
    page.get_by_role("link", name="Clear", exact=True).click()
    page.get_by_role("link", name="Complete", exact=True).click()
    expect(page.get_by_text("What is a leap second?")).to_be_visible()
    page.get_by_label("Until").fill("2020-01-01")
    page.keyboard.press("Enter")
    expect(page.get_by_text("0 answers", exact=True)).to_be_visible()
    expect(page).to_have_url(
        re.compile(r"status=complete.*until=2020-01-01|until=2020-01-01.*status=complete")
    )


def test_an_operator_stops_a_running_answer_and_its_page_hears_it(
    shared_site: Site, open_tab: OpenTab
) -> None:
    told = dictated(shared_site, "How long?")
    asker = open_tab(shared_site.url)
    asker.ask("How long?")
    told.say("It goes on")
    expect(asker.text).to_contain_text("It goes on")
    page = operator(shared_site, open_tab)
    page.get_by_role("link", name="How long?").click()
    expect(page.locator(".headline")).to_contain_text("Running")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("The answer is being stopped.")).to_be_visible()
    expect(asker.last).to_have_attribute("data-status", "stopped")
    page.reload()
    expect(page.locator(".headline")).to_contain_text("Stopped")
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)


def test_an_operator_deletes_what_is_selected(shared_site: Site, open_tab: OpenTab) -> None:
    ask(shared_site, open_tab, "Delete me?")
    ask(shared_site, open_tab, "Keep me?")
    page = operator(shared_site, open_tab)
    page.get_by_role("row", name=re.compile("Delete me")).get_by_role("checkbox").check()
    page.get_by_label("Action:").select_option(label="Delete selected answers")
    page.get_by_role("button", name="Go").click()
    expect(page.get_by_text("Are you sure you want to delete 1 answer")).to_be_visible()
    assert_accessible(page, "#content")
    page.get_by_role("button", name="Yes, delete it").click()
    expect(page.get_by_text("1 answer was deleted.")).to_be_visible()
    expect(page.get_by_role("link", name="Delete me?")).to_have_count(0)
    expect(page.get_by_role("link", name="Keep me?")).to_be_visible()


def test_the_page_of_an_answer_fits_a_phone(shared_site: Site, open_tab: OpenTab) -> None:
    ask(shared_site, open_tab, "On a phone?", f"{TEXT}\n\n{'x' * 300}")
    page = operator(shared_site, open_tab, viewport={"width": 390, "height": 800})
    page.get_by_role("link", name="On a phone?").click()
    expect(page.get_by_text("This answer", exact=True)).to_be_visible()
    page.wait_for_load_state()  # with its style
    assert page.evaluate(OVERFLOW) <= 0


def test_the_list_fits_beside_the_sidebar_and_else_scrolls_with_the_keyboard(
    shared_site: Site, open_tab: OpenTab
) -> None:
    usage = {"prompt_tokens": 12_345, "completion_tokens": 1_234, "cost": 0.01234567}
    shared_site.api.when("Does it fit?", answer([TEXT], usage=usage))
    tab = open_tab(shared_site.url)
    tab.ask("Does it fit?")
    expect(tab.last).to_have_attribute("data-status", "complete")
    page = operator(shared_site, open_tab, viewport={"width": 1280, "height": 800})
    table = page.get_by_role("region", name="List of answers")
    assert page.locator("#nav-sidebar").is_visible()
    assert table.evaluate("(one) => one.scrollWidth - one.clientWidth") <= 0
    page.set_viewport_size({"width": 1030, "height": 800})
    assert table.evaluate("(one) => one.scrollWidth - one.clientWidth") > 0
    table.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('.scrolling').scrollLeft > 0")
