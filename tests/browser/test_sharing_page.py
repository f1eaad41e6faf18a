"""Sharing a thread in a real browser."""

import requests
from playwright.sync_api import expect

from tests.support.browser import OpenTab, dictated
from tests.support.sites import Site


def test_a_person_finds_shares_revokes_and_deletes_a_running_answer(
    shared_site: Site, open_tab: OpenTab
) -> None:
    answer = dictated(shared_site, "Why is the ocean salty?")
    tab = open_tab(shared_site.url)
    tab.ask("Why is the ocean salty?")
    answer.say("Rivers carry ")
    tab.shows("Rivers carry ")
    expect(tab.last.locator(".rating")).to_be_hidden()  # not before the end

    page = tab.page
    page.get_by_role("link", name="History").click()
    page.locator("[name=q]").fill("ocean")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Why is the ocean salty?", exact=True).click()
    tab.shows("Rivers carry ")
    tab.is_answering()

    page.get_by_role("link", name="Share").click()
    page.get_by_role("button", name="Create link").click()
    link = page.get_by_label("Link").input_value()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.wait_for_load_state()  # and the script of the button
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("#copied")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == link

    other = open_tab(link, may_log="404")
    other.shows("Rivers carry ")
    expect(other.page.locator(".progress")).to_have_text("Being answered…", use_inner_text=True)
    answer.say("salt.")
    other.shows("Rivers carry salt.")
    other.page.reload()
    other.shows("Rivers carry salt.")
    answer.say(" Slowly.")
    other.shows("Rivers carry salt. Slowly.")
    answer.end()
    expect(other.page.locator("article")).to_have_attribute("data-status", "complete")
    expect(other.page.locator(".progress")).to_have_text("", use_inner_text=True)

    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("button", name="Create link")).to_be_visible()
    other.page.reload()
    expect(other.page.get_by_role("heading", level=1)).to_have_text("Page not found")
    assert requests.get(link, timeout=10).status_code == 404

    page.get_by_role("link", name="Back to the answer").click()
    tab.shows("Rivers carry salt. Slowly.")
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("You haven't asked anything yet")).to_be_visible()


def test_a_shared_page_fits_a_phone_and_reads_without_javascript(
    shared_site: Site, open_tab: OpenTab
) -> None:
    shared_site.api.when(
        "Plain?", lambda exchange: (exchange.head(), exchange.chunk("Yes."), exchange.finish())
    )
    tab = open_tab(shared_site.url)
    tab.ask("Plain?")
    tab.shows("Yes.")
    tab.is_ready()
    tab.page.get_by_role("link", name="Share").click()
    tab.page.get_by_role("button", name="Create link").click()
    link = tab.page.get_by_label("Link").input_value()
    phone = open_tab(link, java_script_enabled=False, viewport={"width": 360, "height": 640})
    expect(phone.page.locator(".text")).to_have_text("Yes.")
    box = phone.page.locator("main").bounding_box()
    assert box
    assert box["width"] <= 360
