"""Keys that do something, and the list of them."""

from playwright.sync_api import expect

from tests.support.api_server import answer
from tests.support.axe import assert_accessible
from tests.support.browser import OpenTab, Tab, dictated
from tests.support.sites import Site

IS_RUNNING = "() => document.querySelector('.is-busy') !== null"


def asks(tab: Tab, site: Site, question: str) -> None:
    """Ask, and leave the answer running."""
    said = dictated(site, question)
    tab.ask(question)
    said.say("A")
    tab.shows("A")


def test_escape_stops_the_answer_and_keeps_what_is_typed(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url)
    asks(tab, shared_site, "Escape?")
    tab.box.fill("Half a quest")
    composing = {"key": "Escape", "isComposing": True, "bubbles": True}
    tab.box.dispatch_event("keydown", composing)  # closes the list of an input method
    tab.box.press("Control+Escape")
    expect(tab.progress).not_to_contain_text("Stopping", use_inner_text=True)
    tab.is_answering()
    tab.box.press("Escape")
    tab.is_ready()
    expect(tab.ending).to_contain_text("Stopped.", use_inner_text=True)
    expect(tab.box).to_have_value("Half a quest")
    expect(tab.box).to_be_focused()


def test_escape_in_an_editor_or_the_list_closes_only_that(talk: Tab, shared_site: Site) -> None:
    asks(talk, shared_site, "Inside?")
    talk.answers.first.get_by_role("button", name="Edit").click()
    editor = talk.answers.first.get_by_role("textbox", name="Edit your question")
    editor.press("Escape")
    expect(editor).to_be_hidden()
    dialog = talk.page.get_by_role("dialog", name="Keyboard shortcuts")
    talk.page.keyboard.press("?")
    expect(dialog).to_be_visible()
    talk.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert talk.page.evaluate(IS_RUNNING)
    talk.page.keyboard.press("Escape")
    talk.is_ready()


def test_the_list_opens_on_its_key_and_its_button_and_is_loaded_then(
    shared_site: Site, open_tab: OpenTab
) -> None:
    tab = open_tab(shared_site.url)
    page, loaded = tab.page, []
    page.on("request", lambda request: loaded.append(request.url))
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    tab.box.press("?")  # in the box, it is typed
    expect(tab.box).to_have_value("?")
    expect(dialog).to_have_count(0)
    assert loaded == []
    button = page.get_by_role("button", name="Keyboard shortcuts")
    button.press("Enter")
    expect(dialog).to_be_visible()
    assert any("/keys." in url for url in loaded)
    expect(dialog.get_by_role("term")).to_have_text(["Enter", "Shift+Enter", "Esc", "/", "?"])
    assert_accessible(page)
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()
    page.keyboard.press("?")
    expect(dialog).to_be_visible()
    page.mouse.click(5, 5)  # beside it
    expect(dialog).to_be_hidden()


def test_keys_of_one_character_can_be_switched_off(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url)
    page = tab.page
    link = page.get_by_role("link", name="History")
    link.focus()
    page.keyboard.press("/")
    expect(tab.box).to_be_focused()
    expect(tab.box).to_have_value("")
    link.focus()
    page.keyboard.press("?")
    page.get_by_label("Use the keys / and ?").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    link.focus()
    page.keyboard.press("/")
    page.keyboard.press("?")
    expect(link).to_be_focused()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_label("Use the keys / and ?").check()
    page.keyboard.press("Escape")
    link.focus()
    page.keyboard.press("/")
    expect(tab.box).to_be_focused()


def test_on_a_phone_enter_makes_a_line_and_the_button_asks(shared_site: Site, open_tab: OpenTab) -> None:
    shared_site.api.when("Line two", answer(["Yes."]))
    size = {"width": 390, "height": 740}
    tab = open_tab(shared_site.url, viewport=size, is_mobile=True, has_touch=True)
    expect(tab.box).to_have_attribute("enterkeyhint", "enter")
    expect(tab.page.locator("#hint")).to_be_hidden()
    tab.box.press_sequentially("Line one\nLine two")
    expect(tab.box).to_have_value("Line one\nLine two")
    tab.shows_questions()
    tab.button.tap()
    tab.shows("Yes.")
    tab.box.press_sequentially("By a keyboard of its own")
    tab.box.press("Control+Enter")
    expect(tab.question).to_have_text("By a keyboard of its own")


def test_on_a_computer_enter_asks(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url)
    expect(tab.box).to_have_attribute("enterkeyhint", "send")
    expect(tab.page.locator("#hint")).to_be_visible()
    tab.box.press_sequentially("Line one\nLine two")
    expect(tab.question).to_have_text("Line one")
    expect(tab.waiting.or_(tab.answers.nth(1)).first).to_be_visible()
