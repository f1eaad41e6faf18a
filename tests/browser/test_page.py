"""The page in a real browser, with a real server and a stand-in for the API."""

import re
from pathlib import Path

from playwright.sync_api import Response, expect

from tests.support.api_server import answer
from tests.support.browser import OpenTab, dictated
from tests.support.sites import Site

ADDRESS = re.compile(r"/a/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/$")


# -- Asking and reading


def test_an_answer_is_shown_while_it_grows(shared_site: Site, open_tab: OpenTab) -> None:
    answer = dictated(shared_site, "Who counts?")
    tab = open_tab(shared_site.url)
    expect(tab.page).to_have_title("Ask Me Anything")
    expect(tab.page.get_by_role("heading", level=1)).to_have_text("Ask Me Anything")
    tab.ask("Who counts?")
    tab.is_answering()
    expect(tab.question).to_have_text("Who counts?")
    shown = ""
    for piece in ("One, ", "two, ", "three, ", "four."):
        answer.say(piece)
        tab.shows(shown := shown + piece)
        expect(tab.text).to_have_attribute("aria-busy", "true")
        expect(tab.announcement).to_have_text("Answering")
        tab.is_answering()
    answer.end()
    tab.is_ready()
    tab.shows("One, two, three, four.")
    expect(tab.text).to_have_attribute("aria-busy", "false")
    expect(tab.announcement).to_have_text("Answer complete")
    expect(tab.progress).to_contain_text(re.compile(r"\d\.\d s"))
    expect(tab.ending).to_be_hidden()
    expect(tab.box).to_be_focused()
    expect(tab.box).to_have_value("")


def test_a_question_may_have_several_lines_and_enter_sends_it(shared_site: Site, open_tab: OpenTab) -> None:
    shared_site.api.when("Line two", answer(["Yes."]))
    tab = open_tab(shared_site.url)
    tab.box.press("Enter")  # nothing to ask
    tab.is_ready()
    tab.box.fill("Line one")
    tab.box.press("Shift+Enter")
    tab.box.press_sequentially("Line two")
    expect(tab.box).to_have_value("Line one\nLine two")
    tab.box.dispatch_event(
        "keydown", {"key": "Enter", "isComposing": True}
    )  # selects a word of an input method and asks nothing
    assert tab.box.is_enabled()
    assert tab.box.input_value() == "Line one\nLine two"
    tab.box.press("Enter")
    tab.shows("Yes.")
    assert tab.question.text_content() == "Line one\nLine two"


def test_reload_shows_and_follows_the_same_answer(shared_site: Site, open_tab: OpenTab) -> None:
    answer = dictated(shared_site, "Will you stay?")
    tab = open_tab(shared_site.url)
    tab.ask("Will you stay?")
    answer.say("I will ")
    tab.shows("I will ")
    expect(tab.page).to_have_url(ADDRESS)
    address = tab.page.url
    tab.page.reload()
    assert tab.page.url == address
    expect(tab.question).to_have_text("Will you stay?")
    tab.shows("I will ")
    tab.is_answering()
    answer.say("stay.")
    tab.shows("I will stay.")
    answer.end()
    tab.is_ready()
    tab.shows("I will stay.")
    assert len([request for request in shared_site.api.requests if request.question == "Will you stay?"]) == 1


def test_stop_keeps_the_text_and_ask_again_starts_a_new_answer(shared_site: Site, open_tab: OpenTab) -> None:
    answer = dictated(shared_site, "How long?")
    tab = open_tab(shared_site.url)
    tab.ask("How long?")
    answer.say("Very ")
    tab.shows("Very ")
    tab.stop.click()
    tab.is_ready()
    tab.shows("Very ")
    expect(tab.ending).to_have_text(
        re.compile(r"Stopped\.\s+The text so far has been kept\."), use_inner_text=True
    )
    stopped = tab.page.url
    answer = dictated(shared_site, "How long?")
    tab.again.click()
    answer.say("Not long.")
    tab.shows("Not long.")
    answer.end()
    tab.is_ready()
    expect(tab.question).to_have_text("How long?")
    expect(tab.page).to_have_url(ADDRESS)
    assert tab.page.url != stopped


def test_back_and_forward_show_each_answer(shared_site: Site, open_tab: OpenTab) -> None:
    shared_site.api.when("First?", answer(["The first."]))
    shared_site.api.when("Second?", answer(["The second."]))
    tab = open_tab(shared_site.url)
    for question, text in (("First?", "The first."), ("Second?", "The second.")):
        tab.ask(question)
        tab.shows(text)
        tab.is_ready()
    first = tab.answers.first.get_attribute("data-answer")
    tab.page.go_back()
    expect(tab.page).to_have_url(f"{shared_site.url}/a/{first}/")
    tab.shows_questions("First?", "Second?")
    tab.page.go_back()
    expect(tab.question).to_be_hidden()
    tab.page.go_forward()
    tab.page.go_forward()
    tab.shows("The second.")
    tab.is_ready()


def test_a_finished_answer_can_be_read_without_javascript(shared_site: Site, open_tab: OpenTab) -> None:
    shared_site.api.when("Is it there?", answer(["It is ", "<b>there</b>."], finish="length"))
    tab = open_tab(shared_site.url)
    tab.ask("Is it there?")
    tab.shows("It is <b>there</b>.")
    expect(tab.ending).to_contain_text("The answer reached the length limit", use_inner_text=True)
    cookies = tab.page.context.storage_state()
    plain = open_tab(tab.page.url, java_script_enabled=False, storage_state=cookies)
    assert plain.text.text_content() == "It is <b>there</b>."
    expect(plain.question).to_have_text("Is it there?")
    expect(plain.ending).to_contain_text("The answer reached the length limit", use_inner_text=True)
    expect(plain.box).to_be_visible()
    expect(plain.again).to_be_visible()
    expect(plain.edit).to_be_hidden()  # it would open nothing without a script


def test_whatever_arrives_is_shown_as_text(shared_site: Site, open_tab: OpenTab) -> None:
    pieces = [
        "👍🏽 🏳️‍🌈 𝔘 ",
        "שלום عليكم\n",
        "a\u2028b\x0b",
        "<script>document.title='run'</script>",
        "<img src=/x onerror=alert(1)>",
        "&lt;",
    ]
    shared_site.api.when("<b>Odd?</b> 𝔘", answer(pieces))
    tab = open_tab(shared_site.url)
    tab.ask("<b>Odd?</b> 𝔘")
    tab.shows("".join(pieces))
    tab.is_ready()
    expect(tab.question).to_have_text("<b>Odd?</b> 𝔘")
    tab.page.reload()
    expect(tab.question).to_have_text("<b>Odd?</b> 𝔘")
    tab.shows("".join(pieces))
    shown = "aU+2028b\ufffd<script>document.title='run'</script><img src=/x onerror=alert(1)><"
    expect(tab.text).to_contain_text(shown)
    expect(tab.page).to_have_title("<b>Odd?</b> 𝔘 · Ask Me Anything")
    assert tab.page.locator("article :is(script, img, b)").count() == 0


# -- Privacy


def test_alice_and_bob_see_only_their_own(shared_site: Site, open_tab: OpenTab) -> None:
    answers = {name: dictated(shared_site, f"I am {name}") for name in ("Alice", "Bob")}
    tabs = {name: open_tab(shared_site.url, may_log="404") for name in answers}
    for name, tab in tabs.items():
        tab.ask(f"I am {name}")
    for piece in ("Hello, ", "dear ", "friend "):
        for name, dictation in answers.items():
            dictation.say(piece + name + ". ")
    for name, tab in tabs.items():
        tab.shows(f"Hello, {name}. dear {name}. friend {name}. ")
        answers[name].end()
        tab.is_ready()
    alice, bob = tabs["Alice"], tabs["Bob"]
    response = bob.page.goto(alice.page.url)
    assert response is not None
    assert response.status == 404
    expect(bob.page.get_by_role("heading", level=1)).to_have_text("Page not found")
    assert "Alice" not in bob.page.content()
    assert alice.page.reload().status == 200  # type: ignore[union-attr]


# -- Any browser


def test_the_page_fits_a_phone_in_the_dark(shared_site: Site, open_tab: OpenTab, tmp_path: Path) -> None:
    shared_site.api.when("Phone?", answer(["W" * 400, " and some words"]))
    size = {"width": 360, "height": 740}
    tab = open_tab(shared_site.url, viewport=size, is_mobile=True, has_touch=True, color_scheme="dark")
    tab.ask("Phone? " + "W" * 300)
    expect(tab.text).to_contain_text("and some words")
    tab.is_ready()
    assert tab.page.evaluate("document.documentElement.scrollWidth") == 360
    background = tab.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(int(part) for part in re.findall(r"\d+", background)) < 60
    expect(tab.box).not_to_be_focused()  # focus would open the keyboard over the answer
    assert tab.page.screenshot(path=tmp_path / "phone.png").startswith(b"\x89PNG")


def test_ids_can_be_made_over_plain_http_too(shared_site: Site, open_tab: OpenTab) -> None:
    shared_site.api.when("Insecure?", answer(["Works."]))
    tab = open_tab(shared_site.url)
    tab.page.evaluate("() => { Crypto.prototype.randomUUID = undefined }")
    tab.ask("Insecure?")
    tab.shows("Works.")
    expect(tab.page).to_have_url(ADDRESS)


def test_demo_mode_is_shown(make_site, open_tab: OpenTab) -> None:  # type: ignore[no-untyped-def]
    tab = open_tab(make_site().start().url)
    expect(tab.page.get_by_role("note")).to_contain_text("Demo mode.")
    tab.ask("Hello?")
    expect(tab.text).not_to_be_empty()
    tab.is_ready()


def test_scripts_are_named_by_hash_and_preloaded(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url)
    scripts: list[Response] = []
    tab.page.on("response", lambda response: response.url.endswith(".js") and scripts.append(response))
    tab.page.reload()
    names = [re.sub(r".*/|\.[0-9a-f]{12}\.js$", "", script.url) for script in scripts]
    assert {"askme", "connection", "answer", "thread"} <= set(names)
    assert len(set(names)) == len(names)  # each once
    assert not [name for name in names if name.endswith(".js")]
    assert all("immutable" in script.headers["cache-control"] for script in scripts)
    preloaded = tab.page.locator("link[rel=modulepreload]").evaluate_all("links => links.map((x) => x.href)")
    mains = tab.page.locator("script").evaluate_all("scripts => scripts.map((script) => script.src)")
    assert {script.url for script in scripts} == {*preloaded, *mains}  # no extra round trips
