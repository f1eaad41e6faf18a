"""Rating an answer in a real browser, with JavaScript and without it."""

from playwright.sync_api import Route, expect

from tests.support.api_behaviours import refuse
from tests.support.api_server import answer
from tests.support.browser import OpenTab, arrives
from tests.support.sites import Site


def test_a_person_rates_without_leaving_the_page(shared_site: Site, open_tab: OpenTab) -> None:
    shared_site.api.when("Rate me", answer(["Well."]))
    shared_site.api.when("Me too", answer(["Hm."]))
    tab = open_tab(shared_site.url)
    tab.ask("Rate me")
    tab.is_ready()
    good = tab.last.get_by_role("button", name="Good answer")
    bad = tab.last.get_by_role("button", name="Bad answer")
    note = tab.last.get_by_label("Tell us why, in a few words")
    said = tab.last.locator(".form-status")
    expect(note).to_be_hidden()
    good.click()
    expect(good).to_have_attribute("aria-pressed", "true")
    note.fill("Short.")
    note.press("Enter")  # the thumb stays
    expect(said).to_have_text("Thank you.")
    expect(good).to_have_attribute("aria-pressed", "true")
    tab.shows("Well.")

    tab.ask("Me too")
    tab.shows("Hm.")
    expect(good).to_have_attribute("aria-pressed", "false")
    expect(note).to_be_hidden()
    bad.click()
    expect(bad).to_have_attribute("aria-pressed", "true")
    note.fill("Not so short.")
    note.press("Enter")
    expect(said).to_have_text("Thank you.")
    expect(bad).to_have_attribute("aria-pressed", "true")
    for _ in ("as it is", "reloaded"):
        first = tab.answers.first
        expect(first.get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "true")
        expect(first.get_by_label("Tell us why, in a few words")).to_have_value("Short.")
        expect(bad).to_have_attribute("aria-pressed", "true")
        expect(note).to_have_value("Not so short.")
        tab.page.reload()


def test_a_rating_that_cannot_be_saved_says_so_and_keeps_the_note(
    shared_site: Site, open_tab: OpenTab
) -> None:
    shared_site.api.when("Keep it", answer(["Kept."]))
    tab = open_tab(shared_site.url, may_log="ERR_INTERNET_DISCONNECTED|Failed to load resource|WebSocket")
    tab.ask("Keep it")
    tab.is_ready()
    tab.page.get_by_role("button", name="Bad answer").click()
    note = tab.page.get_by_label("Tell us why, in a few words")
    note.fill("All of this")
    tab.page.context.set_offline(True)
    note.press("Enter")
    expect(tab.last.locator(".form-status")).to_have_text("Your rating couldn't be saved. Please try again.")
    expect(note).to_have_value("All of this")


def test_what_is_typed_while_a_rating_is_saved_stays(shared_site: Site, open_tab: OpenTab) -> None:
    shared_site.api.when("Slowly", answer(["Slow."]))
    tab = open_tab(shared_site.url)
    tab.ask("Slowly")
    tab.is_ready()
    bad = tab.last.get_by_role("button", name="Bad answer")
    note = tab.last.get_by_label("Tell us why, in a few words")
    said = tab.last.locator(".form-status")
    tab.last.get_by_role("button", name="Good answer").click()
    expect(said).to_have_text("Thank you.")
    held: list[Route] = []
    tab.page.route("**/rate/", lambda route: held.append(route))
    bad.click()
    expect(said).to_be_empty()
    note.fill("All of this")
    note.press("Enter")  # sent after the first, with its thumb, and with what is typed until then
    note.press_sequentially(" and more")
    arrives(held, tab.page)
    held.pop().continue_()
    arrives(held, tab.page)
    expect(said).to_be_empty()
    expect(bad).to_have_attribute("aria-pressed", "true")
    held.pop().continue_()
    expect(said).to_have_text("Thank you.")
    expect(note).to_have_value("All of this and more")
    tab.page.reload()
    expect(bad).to_have_attribute("aria-pressed", "true")
    expect(note).to_have_value("All of this and more")


def test_there_is_nothing_to_rate_in_an_answer_without_text(shared_site: Site, open_tab: OpenTab) -> None:
    shared_site.api.when("Refuse me", refuse(401))
    tab = open_tab(shared_site.url)
    tab.ask("Refuse me")
    expect(tab.last.get_by_text("not set up correctly")).to_be_visible()
    tab.is_ready()
    expect(tab.last.get_by_role("button", name="Ask again")).to_be_visible()
    expect(tab.last.get_by_role("button", name="Good answer")).to_be_hidden()


def test_rating_works_without_javascript(shared_site: Site, open_tab: OpenTab) -> None:
    shared_site.api.when("Plainly", answer(["Plain."]))
    tab = open_tab(shared_site.url)
    tab.ask("Plainly")
    tab.is_ready()
    cookies = tab.page.context.storage_state()
    plain = open_tab(tab.page.url, java_script_enabled=False, storage_state=cookies)
    plain.page.get_by_label("Tell us why, in a few words").fill("Even so.")
    plain.page.get_by_role("button", name="Good answer").click()
    expect(plain.page.get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "true")
    expect(plain.page.get_by_label("Tell us why, in a few words")).to_have_value("Even so.")
