"""The demo model, without a key."""

import re

import pytest
import requests

from answers.engine import demo_texts
from answers.formatting import formatted_html


def test_the_demo_model_answers_without_a_key_or_a_network(make_site, meet):
    site = make_site().start()
    socket = meet(site.url).connect()
    id = socket.ask("Why is the sky blue?")
    socket.read_text(id, "Why is the sky blue?")
    socket.read_text(id, "demo model")
    socket.stop(id)
    assert socket.finish(id)["status"] == "stopped"
    assert "OPENAI_API_KEY" in requests.get(site.url).text


def test_the_demo_model_shows_the_earlier_turns_that_it_got(make_site, meet):
    site = make_site(ASKME_MODELS="Fast=small, Thorough=large").start()
    socket = meet(site.url).connect()
    first = socket.ask("Why is the sky blue?")
    socket.read_text(first, "demo model")
    socket.stop(first)
    socket.finish(first)
    second = socket.ask("And at sunset?", follows=first, model="large")
    socket.read_text(second, "1. Why is the sky blue?")
    assert socket.texts[second].startswith(
        "You asked “Thorough”, which is just another name for askme's built-in"
    )
    socket.read_text(second, "| My answers | 1 |")
    assert "one turn of our conversation" in socket.texts[second]
    assert socket.finish(second)["status"] == "complete"


def test_the_demo_model_tells_efforts_apart_and_says_how_to_connect_a_real_model(make_site, meet):
    site = make_site(ASKME_MODELS="Fast=small@low, Thorough=small@high").start()
    socket = meet(site.url).connect()
    id = socket.ask("Why is the sky blue?", model="small@high")
    socket.read_text(id, "You asked “Thorough”")
    socket.read_text(id, "Set `OPENAI_API_KEY` and `ASKME_MODEL`")
    assert socket.finish(id)["status"] == "complete"


@pytest.mark.parametrize(
    "earlier", [[], ["Why is the sky blue?"], ["One"] * 9], ids=["first", "second", "tenth"]
)
@pytest.mark.parametrize("label", ["", "Thorough", "*Thor`ough"])
def test_each_answer_shows_what_formatting_can_do_and_says_first_that_it_is_a_demo(earlier, label):
    source = demo_texts.text("And at *sunset*?", earlier, label)
    html = formatted_html(source, "a-")
    first, rest = re.split(r"(?<=\.)</p>", html, maxsplit=1)
    assert "demo model, so this is not a real answer" in first
    for element in ("<h4", "<ol" if earlier else "<ul", "<pre", "<table", '<math display="block"'):
        assert element in rest
    assert len(source) < 1_800  # a minute at most, at 30 ms for each word


@pytest.mark.parametrize(
    "question",
    [
        "Why?",
        "a\nb",
        "# Big",
        "```\nx\n```",
        "$5 or\n\n- a\n- b",
        "<b>&amp;",
        "1. x",
        "~~~~",
        "    code",
        "> q",
        "| a |\n|---|",
    ],
)
def test_a_question_is_quoted_as_it_was_asked_and_breaks_no_formatting(question):
    html = formatted_html(demo_texts.text(question, [question], ""), "a-")
    plain = formatted_html(demo_texts.text("Why?", ["Why?"], ""), "a-")
    tags = r"<(?:h\d|ol|pre|table|math|blockquote)\b"
    assert re.findall(tags, html[html.index("<h4") :]) == re.findall(tags, plain[plain.index("<h4") :])
    quoted = re.search(r"<(blockquote|pre)\b.*?</\1>", html, re.S)
    assert quoted
    text = re.sub(r"<br>", "\n", quoted[0])
    text = re.sub(r"<[^>]*>", "", text).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert text.strip() == question.strip()
