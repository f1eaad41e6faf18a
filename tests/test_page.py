"""The page in a real browser, a real server and a stand-in for the API: what a person sees and does."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Response, expect

from tests.api_server import answer, refuse
from tests.browser import FINISHED, OpenTab, Server, dictated
from tests.sites import Site

ADDRESS = re.compile(r"/a/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/$")
# -- Asking and reading


def test_an_answer_is_seen_growing(shared_site: Site, open_tab: OpenTab) -> None:
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


def test_a_question_may_have_lines_and_is_sent_by_enter(shared_site: Site, open_tab: OpenTab) -> None:
    shared_site.api.when("Line two", answer(["Yes."]))
    tab = open_tab(shared_site.url)
    tab.box.press("Enter")  # nothing to ask
    tab.is_ready()
    tab.box.fill("Line one")
    tab.box.press("Shift+Enter")
    tab.box.press_sequentially("Line two")
    expect(tab.box).to_have_value("Line one\nLine two")
    tab.box.dispatch_event("keydown", {"key": "Enter", "isComposing": True})  # chooses a word, asks nothing
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


def test_stop_keeps_the_text_and_ask_again_asks_anew(shared_site: Site, open_tab: OpenTab) -> None:
    answer = dictated(shared_site, "How long?")
    tab = open_tab(shared_site.url)
    tab.ask("How long?")
    answer.say("Very ")
    tab.shows("Very ")
    tab.stop.click()
    tab.is_ready()
    tab.shows("Very ")
    expect(tab.ending).to_have_text(re.compile(r"Stopped\.\s+The text so far is kept\."), use_inner_text=True)
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
    first = tab.exchanges.first.get_attribute("data-answer")
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
    expect(plain.edit).to_be_hidden()  # a text box that would open nowhere


def test_whatever_arrives_is_text(shared_site: Site, open_tab: OpenTab) -> None:
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
    expect(tab.text).to_contain_text("<img src=/x onerror=alert(1)>&lt;")
    expect(tab.page).to_have_title("Ask Me Anything")
    assert tab.page.locator("article :is(script, img, b)").count() == 0


# -- When it goes wrong


def test_a_failed_answer_says_why_and_can_be_asked_again(shared_site: Site, open_tab: OpenTab) -> None:
    shared_site.api.when("Any luck?", refuse(401, "Incorrect API key: sk-test"))
    tab = open_tab(shared_site.url)
    tab.ask("Any luck?")
    tab.is_ready()
    expect(tab.ending).to_have_text(re.compile(r"\w+ .*\."), use_inner_text=True)
    assert "sk-test" not in tab.page.content()
    expect(tab.question).to_have_text("Any luck?")
    shared_site.api.when("Any luck?", answer(["Yes."]))
    tab.again.click()
    tab.shows("Yes.")
    expect(tab.ending).to_be_hidden()


def test_a_refused_question_stays_in_the_box(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url)
    long = "x" * 8_001
    tab.ask(long)  # the page itself does not send it
    expect(tab.page.locator("#counter")).to_contain_text(
        "1 characters too many: at most 8000", use_inner_text=True
    )
    tab.is_ready()
    tab.page.locator("#page").evaluate("page => { page.dataset.questionChars = 0 }")
    tab.box.press("Enter")  # now the server refuses it
    expect(tab.alert).to_contain_text("8001 characters")
    tab.is_ready()
    expect(tab.box).to_have_value(long)
    expect(tab.box).to_be_focused()
    expect(tab.page).to_have_url(shared_site.url + "/")


def test_a_lost_session_keeps_the_text_over_the_reload(site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(site.url)
    forget = "from django.contrib.sessions.models import Session; Session.objects.all().delete()"
    assert site.manage("shell", "-c", forget).returncode == 0
    tab.ask("Do you know me?")
    expect(tab.alert).to_contain_text("reload the page")
    expect(tab.box).to_have_value("Do you know me?")
    tab.page.get_by_role("button", name="Reload").click()
    expect(tab.alert).to_be_hidden()
    expect(tab.box).to_have_value("Do you know me?")
    tab.box.press("Enter")
    tab.shows("Hello, world")


def test_a_server_that_was_away_gets_the_question_when_it_is_back(site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(site.url, may_log="WebSocket connection|ERR_CONNECTION_")
    tab.box.fill("Are you")
    site.stop()
    expect(tab.connection).to_be_visible()
    expect(tab.connection).to_contain_text("No connection to the server. Trying again…")
    expect(tab.box).to_have_value("Are you")
    tab.box.fill("Are you back?")
    tab.box.press("Enter")
    tab.is_answering()
    expect(tab.connection).to_contain_text("Your question will be sent then.", use_inner_text=True)
    expect(tab.box).to_have_value("Are you back?")
    site.start()
    tab.shows("Hello, world")
    expect(tab.connection).to_be_hidden()
    expect(tab.question).to_have_text("Are you back?")
    tab.is_ready()
    expect(tab.box).to_have_value("")
    assert [request.question for request in site.api.requests] == ["Are you back?"]


def test_what_is_typed_survives_a_reload(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url)
    tab.box.press_sequentially("Half a quest")
    tab.page.reload()
    expect(tab.box).to_have_value("Half a quest")


# -- One's own


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
    expect(bob.page.get_by_role("heading", level=1)).to_have_text("Nothing here")
    assert "Alice" not in bob.page.content()
    assert alice.page.reload().status == 200  # type: ignore[union-attr]


# -- What the real server says too rarely


def test_a_gap_is_asked_for_and_an_overlap_dropped(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    id = server.is_asked(tab)
    server.say("answer.text", position=0, text="𝔘𝔘a")
    server.say("answer.text", position=2, text="ab")
    tab.shows("𝔘𝔘ab")
    for position in (6, 7):  # one gap is asked for once
        server.say("answer.text", position=position, text="e")
    assert server.heard(tab.page, 2) == {"type": "answer.follow", "answer": id, "position": 4}
    server.say("answer.text", position=4, text="cdee")
    tab.shows("𝔘𝔘abcdee")
    server.say("answer.finished", length=8, **FINISHED)
    tab.is_ready()
    assert len(server.frames) == 2
    server.say("answer.text", position=8, text="late")
    server.say("error", answer=None, code="internal", message="Seen.", retry_after=None)
    expect(tab.alert).to_contain_text("Seen.")
    tab.is_ready()
    tab.shows("𝔘𝔘abcdee")


def test_a_wrong_length_is_put_right_once(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    id = server.is_asked(tab)
    server.say("answer.text", position=0, text="wrong")
    server.say("answer.finished", length=7, **FINISHED)
    assert server.heard(tab.page, 2) == {"type": "answer.follow", "answer": id, "position": 0}
    tab.shows("wrong")  # until the right text comes
    server.say("answer.text", position=0, text="right")
    tab.shows("right")
    server.say("answer.finished", length=7, **FINISHED)
    tab.is_ready()
    assert len(server.frames) == 2


def test_a_question_that_was_not_accepted_is_sent_again(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    tab.ask("Hello?")
    first = server.heard(tab.page, 1)
    server.sockets[-1].close()
    assert server.heard(tab.page, 2) == first
    tab.page.reload()
    assert server.heard(tab.page, 3) == first
    server.say("answer.started", model="gpt")
    expect(tab.page).to_have_url(f"{shared_site.url}/a/{first['answer']}/")
    expect(tab.box).to_have_value("")


def test_a_lost_connection_follows_from_where_it_was(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    id = server.is_asked(tab)
    server.say("answer.text", position=0, text="𝔘 and ")
    tab.shows("𝔘 and ")
    server.sockets[-1].close()
    assert server.heard(tab.page, 2) == {"type": "answer.follow", "answer": id, "position": 6}
    server.say("answer.text", position=6, text="on")
    tab.shows("𝔘 and on")
    tab.page.evaluate("() => dispatchEvent(new Event('online'))")  # the network has changed: at once
    assert server.heard(tab.page, 3) == {"type": "answer.follow", "answer": id, "position": 8}
    assert len(server.sockets) == 3


def test_stop_is_said_again_after_a_lost_connection(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    id = server.is_asked(tab)
    tab.stop.click()
    assert server.heard(tab.page, 2) == {"type": "answer.stop", "answer": id}
    expect(tab.progress).to_contain_text("Stopping…", use_inner_text=True)
    expect(tab.stop).to_be_hidden()
    server.sockets[-1].close()
    assert server.heard(tab.page, 4) == {"type": "answer.stop", "answer": id}
    server.say("answer.finished", length=0, **(FINISHED | {"status": "stopped", "finish_reason": None}))
    expect(tab.ending).to_have_text("Stopped.", use_inner_text=True)  # there is no text to keep


def test_a_store_out_of_reach_is_asked_again_later(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    id = server.is_asked(tab)
    server.say("error", answer=None, code="unavailable", message="No database.", retry_after=1)
    expect(tab.alert).to_have_text("No database.", use_inner_text=True)
    tab.is_answering()
    assert server.heard(tab.page, 2) == {"type": "answer.follow", "answer": id, "position": 0}
    expect(tab.alert).to_be_hidden()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"status": "interrupted"}, "The answer was interrupted. The text so far is kept."),
        (
            {"status": "failed", "error": {"code": "busy", "message": "It is busy."}},
            "It is busy. The text so far is kept.",
        ),
        ({"finish_reason": "content_filter"}, "A content filter cut the answer here."),
    ],
)
def test_each_end_is_told_in_words(shared_site: Site, open_tab: OpenTab, fields: dict, sentence: str) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    server.is_asked(tab)
    server.say("answer.text", position=0, text="Half")
    server.say("answer.finished", length=4, **(FINISHED | fields))
    expect(tab.ending).to_have_text(sentence, use_inner_text=True)
    expect(tab.announcement).to_have_text(sentence)
    expect(tab.again).to_be_visible()


def test_who_reads_or_selects_is_left_alone(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    server.is_asked(tab)
    server.say("answer.text", position=0, text="line\n" * 200)
    scrolled = "() => Math.round(scrollY + innerHeight) >= document.documentElement.scrollHeight - 1"
    expect(tab.text).to_contain_text("line")
    assert tab.page.evaluate(scrolled)  # along with the text
    tab.page.evaluate(
        "() => { scrollTo(0, 500); getSelection().selectAllChildren(document.querySelector('.text')) }"
    )
    server.say("answer.text", position=1000, text="more\n" * 50)
    server.say("answer.finished", length=1250, **FINISHED)
    tab.is_ready()
    assert tab.page.evaluate("scrollY") == 500
    expect(tab.box).not_to_be_focused()


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
    expect(tab.box).not_to_be_focused()  # it would open the keyboard over the answer
    assert tab.page.screenshot(path=tmp_path / "phone.png").startswith(b"\x89PNG")


def test_plain_http_in_a_local_network_makes_uuids_too(shared_site: Site, open_tab: OpenTab) -> None:
    shared_site.api.when("Insecure?", answer(["Works."]))
    tab = open_tab(shared_site.url)
    tab.page.evaluate("() => { Crypto.prototype.randomUUID = undefined }")
    tab.ask("Insecure?")
    tab.shows("Works.")
    expect(tab.page).to_have_url(ADDRESS)


def test_demo_mode_is_told(make_site, open_tab: OpenTab) -> None:  # type: ignore[no-untyped-def]
    tab = open_tab(make_site().start().url)
    expect(tab.page.get_by_role("note")).to_contain_text("Demo mode.")
    tab.ask("Hello?")
    expect(tab.text).not_to_be_empty()
    tab.is_ready()


def test_scripts_are_named_by_hash_and_asked_for_at_once(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url)
    scripts: list[Response] = []
    tab.page.on("response", lambda response: response.url.endswith(".js") and scripts.append(response))
    tab.page.reload()
    names = [re.sub(r".*/|\.[0-9a-f]{12}\.js$", "", script.url) for script in scripts]
    assert {"askme", "connection", "exchange", "thread"} <= set(names)
    assert len(set(names)) == len(names)  # each once, and none without its hash
    assert not [name for name in names if name.endswith(".js")]
    assert all("immutable" in script.headers["cache-control"] for script in scripts)
    preloaded = tab.page.locator("link[rel=modulepreload]").evaluate_all("links => links.map((x) => x.href)")
    mains = tab.page.locator("script").evaluate_all("scripts => scripts.map((script) => script.src)")
    assert {script.url for script in scripts} == {*preloaded, *mains}  # no more round trips
