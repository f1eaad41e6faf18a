"""Where the page scrolls to while an answer grows, and where it does not."""

from playwright.sync_api import expect

from tests.support.browser import FINISHED, OpenTab, Server, Tab, dictated
from tests.support.sites import Site

LEFT = "document.documentElement.scrollHeight - innerHeight - scrollY"  # pixels below the window
LINES = "line\n\n" * 100
SMALL = {"width": 800, "height": 500}
# How often scripts read the layout while 1,000 pieces arrive in a frame, and in all until two frames later.
COUNT_READS = """async () => {
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    let reads = 0;
    for (const [prototype, names] of [
        [Element.prototype, ["scrollTop", "scrollHeight", "clientHeight"]],
        [HTMLElement.prototype, ["offsetHeight", "offsetTop"]],
    ]) for (const name of names) {
        const { get, set } = Object.getOwnPropertyDescriptor(prototype, name);
        Object.defineProperty(prototype, name, { get() { reads += 1; return get.call(this) }, set });
    }
    await frame();
    reads = 0;
    const text = document.querySelector(".text");
    for (let number = 0; number < 1000; number++) text.append(document.createElement("hr"));
    const during = reads;
    await frame();
    await frame();
    return [during, reads];
}"""


def settle(tab: Tab) -> None:
    """Wait until what has arrived is laid out and scrolled to."""
    frame = "new Promise((done) => requestAnimationFrame(done))"
    tab.page.evaluate(f"async () => {{ await {frame}; await {frame}; await new Promise(setTimeout) }}")


def place(tab: Tab) -> float:
    settle(tab)
    return float(tab.page.evaluate("scrollY"))


def begins_at_top(tab: Tab) -> None:
    settle(tab)
    box = tab.question.bounding_box()
    assert box
    assert 0 <= box["y"] < 30, box


def test_an_answer_begins_at_the_top_and_the_page_stays_there(talk: Tab, shared_site: Site) -> None:
    talk.page.set_viewport_size(SMALL)
    said = dictated(shared_site, "Lungo")
    talk.ask("Lungo\nLungo\nLungo")  # the form shrinks when the question is sent
    expect(talk.question).to_contain_text("Lungo")
    begins_at_top(talk)
    said.say(LINES)
    expect(talk.text).to_contain_text("line")
    begins_at_top(talk)
    talk.stop.click()
    talk.is_ready()
    begins_at_top(talk)
    address = f"/a/{talk.answer_at(2)}/"
    talk.page.goto(shared_site.url + address)  # the same for an answer that is opened by its address
    settle(talk)
    box = talk.answers.nth(2).get_by_role("heading", level=2).bounding_box()
    assert box
    assert 0 <= box["y"] < 30


def test_the_page_follows_only_a_reader_at_its_end(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()), viewport=SMALL)
    server.is_asked(tab)
    server.say("answer.text", position=0, text=LINES)
    expect(tab.text).to_contain_text("line")
    assert place(tab) == 0
    tab.page.keyboard.press("Tab")  # out of the box, where the key moves the caret
    tab.page.mouse.wheel(0, 100_000)
    tab.page.wait_for_function(f"() => {LEFT} < 5")
    before = place(tab)
    server.say("answer.text", position=600, text=LINES)
    tab.page.wait_for_function(f"(before) => scrollY > before && {LEFT} < 5", arg=before)
    tab.page.mouse.wheel(0, -300)
    tab.page.wait_for_function(f"() => {LEFT} > 200")
    before = place(tab)
    server.say("answer.text", position=1200, text=LINES)
    server.say("answer.finished", length=1800, **FINISHED)
    tab.is_ready()
    assert place(tab) == before


def test_a_reader_who_selects_or_has_the_focus_in_the_text_is_not_pulled(
    shared_site: Site, open_tab: OpenTab
) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()), viewport=SMALL)
    server.is_asked(tab)
    server.say("answer.text", position=0, text="[a link](https://example.org)\n\n" + LINES)
    position = 31 + len(LINES)
    tab.to_end.click()
    end = place(tab)
    for act in (
        "getSelection().selectAllChildren(document.querySelector('.text p:last-child'))",
        "getSelection().removeAllRanges(); document.querySelector('.text a').focus({ preventScroll: true })",
    ):
        tab.page.evaluate(act)
        server.say("answer.text", position=position, text=LINES)
        position += len(LINES)
        tab.page.wait_for_function(f"() => {LEFT} > 200")
        assert place(tab) == end
        tab.to_end.click()
        tab.page.wait_for_function(f"() => {LEFT} < 5")
        end = place(tab)
    server.say("answer.finished", length=position, **FINISHED)


def test_a_button_leads_to_the_end_while_there_is_more_below(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()), viewport=SMALL)
    server.is_asked(tab)
    server.say("answer.text", position=0, text="Short.")
    expect(tab.text).to_contain_text("Short.")
    expect(tab.to_end).to_be_hidden()
    server.say("answer.text", position=6, text=LINES)
    expect(tab.to_end).to_be_visible()
    tab.to_end.press("Enter")
    expect(tab.to_end).to_be_hidden()
    expect(tab.button).to_be_focused()  # not lost with the button
    tab.page.wait_for_function(f"() => {LEFT} < 5")
    before = place(tab)
    server.say("answer.text", position=606, text=LINES)
    tab.page.wait_for_function(f"(before) => scrollY > before && {LEFT} < 5", arg=before)
    expect(tab.to_end).to_be_hidden()
    tab.page.mouse.wheel(0, -500)
    expect(tab.to_end).to_be_visible()
    server.say("answer.finished", length=1206, **FINISHED)
    tab.is_ready()
    expect(tab.to_end).to_be_visible()  # it does not vanish from under a finger
    tab.page.reload()
    expect(tab.to_end).to_be_hidden()


def test_a_waiting_question_does_not_pull_a_reader(shared_site: Site, open_tab: OpenTab) -> None:
    first, second = dictated(shared_site, "Long one"), dictated(shared_site, "Then this")
    tab = open_tab(shared_site.url, viewport=SMALL)
    tab.ask("Long one")
    first.say(LINES)
    expect(tab.text).to_contain_text("line")
    tab.ask("Then this")
    assert place(tab) == 0
    first.end()
    second.say("Yes.")
    tab.shows("Yes.")
    assert place(tab) == 0
    second.end()
    tab.is_ready()
    second = dictated(shared_site, "And this")
    tab.ask("And this")  # but a question that is asked now is scrolled to
    second.say("Yes, too.")
    tab.shows("Yes, too.")
    begins_at_top(tab)
    second.end()


def test_typing_does_not_scroll_the_page(talk: Tab) -> None:
    talk.page.set_viewport_size({"width": 800, "height": 420})
    talk.page.evaluate("scrollTo(0, 150)")
    talk.box.focus()
    talk.box.press_sequentially("A word and another")
    talk.box.press("Shift+Enter")
    talk.box.press_sequentially("and more")
    assert place(talk) == 150


def test_layout_is_not_read_for_each_message(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()), viewport=SMALL)
    server.is_asked(tab)
    server.say("answer.text", position=0, text=LINES)
    tab.to_end.click()
    before = place(tab)
    during, after = tab.page.evaluate(COUNT_READS)
    assert during == 0
    assert 0 < after < 30
    tab.page.wait_for_function(f"(before) => scrollY > before && {LEFT} < 5", arg=before)
    server.say("answer.finished", length=600, **FINISHED)
