"""A formatted answer on the page: what a reader sees, selects or uses in it survives the stream and its end.

Most tests play the server and write the HTML by hand, since they need changes at exact places.
"""

from playwright.sync_api import Page, expect

from tests.support.browser import FINISHED, OpenTab, Server, Tab, dictated, follow
from tests.support.formatted import code_block
from tests.support.services import wait_for
from tests.support.sites import Site

# Selects the words, and waits until the page has learned it.
SELECT = """async (words) => {
    const learned = new Promise((done) => document.addEventListener("selectionchange", done, { once: true }));
    const walker = document.createTreeWalker(document.querySelector(".text"), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const start = walker.currentNode.data.indexOf(words);
        if (start >= 0) getSelection().setBaseAndExtent(
            walker.currentNode, start, walker.currentNode, start + words.length);
    }
    await learned;
}"""
WATCH = """() => {
    window.changes = [];
    const observer = new MutationObserver((records) => changes.push(...records.map((record) => record.type)));
    const options = { attributes: true, childList: true, characterData: true, subtree: true };
    for (const node of document.querySelectorAll("[data-watched]")) observer.observe(node, options);
}"""


def begin(shared_site: Site, open_tab: OpenTab, blocks: list[str]) -> tuple[Tab, Server]:
    """A page with an answer of these blocks, which grows."""
    tab = open_tab(shared_site.url, server=(server := Server()))
    server.is_asked(tab)
    server.say("answer.text", position=0, text="x", html=whole(blocks), blocks=len(blocks))
    expect(tab.text.locator("> *")).to_have_count(len(blocks))
    return tab, server


def whole(blocks: list[str]) -> list[list[object]]:
    """All blocks from the first character."""
    return [[number, 0, html] for number, html in enumerate(blocks)]


def grow(server: Server, html: list[list[object]], blocks: int) -> None:
    server.say("answer.text", position=1, text="", html=html, blocks=blocks)


def end(tab: Tab, server: Server, blocks: list[str], html: list[list[object]] | None = None) -> None:
    fields = {"html": html or [], "blocks": len(blocks), "html_length": sum(map(len, blocks))}
    server.say("answer.finished", length=1, **FINISHED, **fields)
    expect(tab.last).to_have_attribute("data-status", "complete")
    assert len(server.frames) == 1  # the page has not asked for all again


def selected(page: Page) -> str:
    return str(page.evaluate("String(getSelection())"))


# -- What stays


def test_a_selection_survives_the_stream_and_its_end(shared_site: Site, open_tab: OpenTab) -> None:
    tab, server = begin(shared_site, open_tab, ["<p>One <em>two</em> three</p>"])
    tab.page.evaluate(SELECT, "three")
    heading = "<h3>One <em>two</em> three four <strong>five</strong></h3>"
    for count, html, word in (
        (1, [[0, 25, " four</p>"]], "four"),  # only text
        (1, [[0, 30, " <strong>five</strong></p>"]], "five"),
        (2, [[0, 1, heading[1:]], [1, 0, "<p>Six</p>"]], "Six"),
        (2, [[1, 6, " <code>seven</code></p>"]], "seven"),
    ):
        grow(server, html, count)
        expect(tab.text).to_contain_text(word)
        assert selected(tab.page) == "three"
    blocks = [heading, "<p>Six <code>seven</code></p>"]
    end(tab, server, blocks)
    assert tab.text.inner_html() == "".join(blocks)
    assert selected(tab.page) == "three"


def test_a_selection_in_code_survives_its_colours(shared_site: Site, open_tab: OpenTab) -> None:
    plain = code_block("def salt():\n    return 35\n")
    coloured = code_block('<span class="k">def</span> <span class="f">salt</span>():\n    return 35\n')
    tab, server = begin(shared_site, open_tab, ["<p>So:</p>", plain])
    tab.page.evaluate(SELECT, "salt():\n    ret")
    grow(server, [[1, 0, coloured]], 2)
    expect(tab.text.locator(".k")).to_have_text("def")
    assert selected(tab.page) == "salt():\n    ret"
    assert tab.text.inner_html() == "<p>So:</p>" + coloured


def test_finished_blocks_are_never_touched_and_the_end_changes_nothing(
    shared_site: Site, open_tab: OpenTab
) -> None:
    blocks = ["<p>First</p>", "<ul><li>Second</li></ul>", "<p>Third</p>"]
    tab, server = begin(shared_site, open_tab, blocks)
    tab.page.evaluate("() => document.querySelectorAll('.text > *').forEach((it) => it.dataset.watched = '')")
    tab.page.evaluate(WATCH)
    grow(server, [[3, 0, "<p>Fourth</p>"]], 4)
    grow(server, [[3, 9, " grows</p>"]], 4)
    expect(tab.text).to_contain_text("Fourth grows")
    tab.page.evaluate("() => { document.querySelector('.text').lastElementChild.dataset.watched = '' }")
    tab.page.evaluate(WATCH)
    end(tab, server, [*blocks, "<p>Fourth grows</p>"])
    assert tab.page.evaluate("changes") == []


def test_focus_and_scroll_positions_in_code_survive(shared_site: Site, open_tab: OpenTab) -> None:
    line = "salt " * 100
    tab, server = begin(shared_site, open_tab, [code_block(f"{line}\n")])
    pre = tab.text.locator("pre")
    pre.focus()
    pre.evaluate("(pre) => { pre.scrollLeft = 120; pre.mine = true }")
    start = len(code_block("")) - len("</code></pre></div>") + len(line) + 1
    grow(server, [[0, start, "if a &lt; b: pepper\n</code></pre></div>"]], 1)
    expect(pre).to_contain_text("if a < b: pepper")
    coloured = code_block(f'{line}\n<span class="k">if</span> a &lt; b: pepper\n')
    grow(server, [[0, start, coloured[start:]]], 1)
    expect(tab.text.locator(".k")).to_have_text("if")
    expect(pre).to_be_focused()
    assert pre.evaluate("(pre) => [pre.scrollLeft, pre.mine]") == [120, True]
    assert tab.text.inner_html() == coloured


def test_a_page_loaded_in_the_middle_shows_nothing_twice_and_takes_nothing_back(
    shared_site: Site, open_tab: OpenTab
) -> None:
    """The server sends all again, here in two events. What came with the page stays, and only grows."""
    answer = dictated(shared_site, "Middle?")
    tab = open_tab(shared_site.url)
    tab.ask("Middle?")
    answer.say("One\n\nTwo two\n\nThree")
    tab.shows("One\n\nTwo two\n\nThree")
    wait_for(lambda: "Three" in tab.page.request.get(tab.page.url).text(), 10, "the text is saved")
    server = Server()
    cookies = tab.page.context.storage_state()
    reader = open_tab(tab.page.url, server=server, storage_state=cookies)
    id = reader.answer_at(0)
    assert server.heard(reader.page, 1) == follow(id, 0)
    reader.text.evaluate("(text) => { text.dataset.watched = '' }")
    reader.page.evaluate(WATCH)
    blocks = [f'<p dir="auto">{words}</p>' for words in ("One", "Two two", "Three", "4")]
    for html, count in (
        ([[0, 0, blocks[0]], [1, 0, '<p dir="auto">Two</p>']], 2),
        ([[1, 17, " two</p>"], [2, 0, blocks[2]]], 3),
    ):
        server.say("answer.text", position=0, text="", html=html, blocks=count)
    server.say("answer.text", position=0, text="x", html=[[3, 0, blocks[3]]], blocks=4)
    expect(reader.text).to_contain_text("4")
    answer.end()
    assert reader.text.inner_html() == "".join(blocks)
    assert reader.page.evaluate("changes") == ["childList"]  # one new block


def test_a_change_that_does_not_fit_is_requested_once(shared_site: Site, open_tab: OpenTab) -> None:
    tab, server = begin(shared_site, open_tab, ["<p>One</p>"])
    for html, count in (([[3, 0, "<p>Four</p>"]], 4), ([[0, 50, "</p>"]], 1)):
        grow(server, html, count)
    assert server.heard(tab.page, 2)["type"] == "answer.follow"
    server.say("answer.text", position=0, text="xy", html=whole(["<p>One</p>", "<p>Two</p>"]), blocks=2)
    expect(tab.text.locator("> *")).to_have_text(["One", "Two"])
    assert len(server.frames) == 2


def test_another_html_length_is_corrected_once(shared_site: Site, open_tab: OpenTab) -> None:
    tab, server = begin(shared_site, open_tab, ["<p>One</p>"])
    server.say("answer.finished", length=1, html=[], blocks=1, html_length=99, **FINISHED)
    assert server.heard(tab.page, 2)["type"] == "answer.follow"
    expect(tab.text).to_have_text("One")
    server.say("answer.text", position=0, text="x", html=whole(["<p>Two</p>"]), blocks=1)
    server.say("answer.finished", length=1, html=[], blocks=1, html_length=10, **FINISHED)
    expect(tab.text).to_have_text("Two")
    expect(tab.last).to_have_attribute("data-status", "complete")
    assert len(server.frames) == 2


def test_text_arrives_in_a_hidden_tab_which_has_no_animation_frames(
    shared_site: Site, open_tab: OpenTab
) -> None:
    tab, server = begin(shared_site, open_tab, ["<p>One</p>"])
    tab.page.evaluate("() => { window.requestAnimationFrame = () => 0 }")
    grow(server, [[0, 6, " two</p>"]], 1)
    expect(tab.text).to_have_text("One two")


# -- What it looks like


def test_a_caret_stands_at_the_end_of_the_last_block(shared_site: Site, open_tab: OpenTab) -> None:
    carets = """() => [...document.querySelectorAll(".text, .text *")].filter(
        (node) => getComputedStyle(node, "::after").animationName === "pulse").map((node) => node.id)"""
    nested = '<ol><li>1<ul><li>2</li></ul></li><li>3<ul><li id="x">4</li></ul></li></ol>'
    head, th = "<thead><tr><th>a</th><th>b</th></tr></thead>", '<th id="x">b'
    tab, server = begin(shared_site, open_tab, ["<p>One</p>", '<p id="x">Two <code>b</code></p>'])
    for last in (
        '<p id="x">Two <code>b</code></p>',
        '<h3 id="x">Two</h3>',
        nested,
        '<ul><li>1<p id="x">2</p></li></ul>',
        '<blockquote><p>1</p><p id="x">2</p></blockquote>',
        '<div class="footnote" id="x"><sup>1</sup> note</div>',
        '<div class="formula"><code class="tex" id="x">x</code></div>',
        f'<div class="table"><table>{head.replace("<th>b", th)}</table></div>',
        f'<div class="table"><table>{head}<tbody><tr><td id="x">1</td><td></td></tr></tbody></table></div>',
        code_block("a").replace("<code>", '<code id="x">'),
    ):
        grow(server, [[1, 0, last]], 2)
        expect(tab.text.locator("#x")).to_be_visible()
        assert tab.page.evaluate(carets) == ["x"], last
    end(tab, server, ["<p>One</p>", code_block("a").replace("<code>", '<code id="x">')])
    assert tab.page.evaluate(carets) == []


def test_each_block_has_its_own_direction_and_code_none(shared_site: Site, open_tab: OpenTab) -> None:
    blocks = [
        '<p dir="auto">One</p>',
        '<p dir="auto">שלום <code>a-b</code></p>',
        '<ul dir="auto"><li dir="auto">שלום</li></ul>',
        code_block("# שלום\n"),
    ]
    tab, _ = begin(shared_site, open_tab, blocks)
    styles = "(nodes) => nodes.map((node) => getComputedStyle(node).direction)"
    assert tab.text.locator("> *").evaluate_all(styles) == ["ltr", "rtl", "rtl", "ltr"]
    assert tab.text.locator("code").evaluate_all(styles) == ["ltr", "ltr"]
    [marker, item] = [
        tab.text.locator(name).evaluate("(node) => node.getBoundingClientRect().right")
        for name in ("ul", "li")
    ]
    assert marker > item  # the bullet is at the right
