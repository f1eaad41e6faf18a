"""A browser that runs no script: the whole site works with forms and links."""

from playwright.sync_api import expect

from tests.support.browser import OpenTab, dictated
from tests.support.sites import Site


def test_everything_works_without_javascript(shared_site: Site, open_tab: OpenTab) -> None:
    answer = dictated(shared_site, "Why is snow white?")
    tab = open_tab(shared_site.url, java_script_enabled=False)
    page = tab.page
    tab.box.fill("Why is snow white?")
    tab.button.click()
    expect(tab.question).to_have_text("Why is snow white?")
    expect(tab.progress).to_contain_text("Answering", use_inner_text=True)
    answer.say("It scatters ")
    tab.shows("It scatters ")
    answer.say("all light.")
    answer.end()
    tab.shows("It scatters all light.")
    tab.is_ready()

    answer = dictated(shared_site, "And ice?")
    tab.box.fill("And ice?")
    tab.button.click()
    answer.say("Less ")
    tab.shows("Less ")
    expect(page.locator("article")).to_have_count(2)
    tab.stop.click()
    expect(tab.ending).to_contain_text("Stopped.", use_inner_text=True)
    tab.shows("Less ")

    page.get_by_role("link", name="History").click()
    page.get_by_role("link", name="Why is snow white?", exact=True).click()  # the thread
    tab.shows("Less ")
    tab.last.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name="And ice?", exact=True)).to_have_count(0)
    page.get_by_role("link", name="Why is snow white?", exact=True).click()
    tab.shows("It scatters all light.")
    expect(page.locator("article")).to_have_count(1)
