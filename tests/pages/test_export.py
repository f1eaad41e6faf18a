"""Exports: all of a person's answers as JSON or Markdown, streamed."""

import json
import re
import time
import uuid

import psutil
import pytest
from django.db import DatabaseError

from answers.models import Answer
from answers.pages import export
from tests.support.api_behaviours import Dictation
from tests.support.api_server import answer
from tests.support.people import Person


def test_exports_contain_all_answers_completely(site):
    person = Person(site.url)
    try:
        site.api.answer(["Because.\n\nSo. 👍🏽 “é”"], usage={"prompt_tokens": 7, "completion_tokens": 3})
        socket = person.connect()
        ids = []
        for number in range(45):  # more than one batch
            ids.insert(0, socket.ask(f"Why {number}?\nTell."))
            socket.finish(ids[0])
        reply = person.http.get(f"{site.url}/history/answers.json", stream=True)
        assert reply.headers["Content-Type"] == "application/json"
        assert re.fullmatch(
            r'attachment; filename="askme-\d{4}-\d\d-\d\d\.json"', reply.headers["Content-Disposition"]
        )
        assert "Content-Length" not in reply.headers
        assert "no-store" in reply.headers["Cache-Control"]
        answers = json.loads(reply.content)["answers"]
        assert [answer["id"] for answer in answers] == ids
        last = answers[0]
        assert last["question"] == "Why 44?\nTell."
        assert last["text"] == "Because.\n\nSo. 👍🏽 “é”"
        assert (last["status"], last["prompt_tokens"], last["follows"]) == ("complete", 7, None)
        assert last["thread"] == last["id"]
        assert "error_detail" not in last
        reply = person.http.get(f"{site.url}/history/answers.md")
        assert reply.headers["Content-Type"] == "text/markdown; charset=utf-8"
        assert reply.text.count("\n> Why ") == 45
        assert "> Why 44?\n> Tell.\n\nBecause.\n\nSo. 👍🏽 “é”\n" in reply.text
        stranger = Person(site.url)
        assert stranger.http.get(f"{site.url}/history/answers.json").json()["answers"] == []
        stranger.close()
    finally:
        person.close()
    assert "Traceback" not in site.log()


def test_exports_have_the_sources_and_reasoning_only_if_it_is_asked_for(site):
    person = Person(site.url)
    try:
        site.api.behaviour = said = Dictation()
        socket = person.connect()
        id = socket.ask("Why?")
        said.think("A thought.")
        said.say("Because.")
        said.cite("https://example.org/a_(b)", "[A]  *title*")
        said.cite("https://you@example.org/", "No link")
        said.end()
        socket.finish(id)

        def export(address: str) -> str:
            return person.http.get(f"{site.url}/history/answers.{address}").text

        [answer] = json.loads(export("json"))["answers"]
        assert answer["sources"][0] == {"url": "https://example.org/a_(b)", "title": "[A] *title*"}
        assert not answer.keys() & {"reasoning", "response_id", "request_id", "cost", "error_detail"}
        assert {"cached_tokens", "reasoning_tokens"} <= answer.keys()
        assert json.loads(export("json?reasoning=1"))["answers"] == [answer | {"reasoning": "A thought."}]
        sources = r"""### Sources

1. [\[A\] \*title\*](<https://example.org/a_(b)>) (example.org)
2. No link
"""
        assert export("md").endswith(f"> Why?\n\nBecause.\n\n{sources}")
        thought = "### Reasoning\n\nA thought.\n\n### Answer\n\nBecause."
        assert export("md?reasoning=1").endswith(f"> Why?\n\n{thought}\n\n{sources}")
        assert "A thought." not in export("md?reasoning=0")
    finally:
        person.close()


def test_an_export_to_a_slow_reader_is_complete_and_holds_little_memory(site):
    """The export has 40 MB. Neither the process nor Daphne's buffer holds more than a few of its answers."""
    person = Person(site.url)
    site.api.behaviour = answer(["x" * 900_000])
    socket = person.connect()
    for _ in range(45):
        socket.finish(socket.ask("Long?"))
    memory = psutil.Process(site.processes[0].pid)
    small = person.http.get(
        f"{site.url}/history/answers.json", stream=True
    )  # warm up: the first export costs memory
    small.close()
    before = memory.memory_info().rss
    reply = person.http.get(f"{site.url}/history/answers.json", stream=True)
    first = reply.raw.read(1000)
    held = 0
    for _ in range(20):
        held = max(held, memory.memory_info().rss - before)
        time.sleep(0.1)
    rest = reply.raw.read(decode_content=True)
    assert len(json.loads(first + rest)["answers"]) == 45
    person.close()
    assert held < 60_000_000


def test_a_thread_is_downloaded_in_its_order_and_without_other_threads(shared_site, meet):
    person = meet(shared_site.url)
    socket = person.connect()
    ids = []
    for number in range(12):  # more than one batch
        ids.append(str(uuid.uuid4()))
        follows = (ids[-2:-1] or [None])[0]
        socket.say("question.ask", answer=ids[-1], question=f"Question {number}?", follows=follows)
        socket.finish(ids[-1])
    socket.finish(socket.ask("Another thread?"))
    address = f"{shared_site.url}/a/{ids[5]}/thread"
    reply = person.http.get(f"{address}.json")
    assert [answer["id"] for answer in reply.json()["answers"]] == ids
    pattern = rf'attachment; filename="askme-\d{{4}}-\d\d-\d\d-{ids[0][:8]}\.json"'
    assert re.fullmatch(pattern, reply.headers["Content-Disposition"])
    text = person.http.get(f"{address}.md").text
    assert re.findall(r"^> (.*)$", text, re.MULTILINE) == [f"Question {number}?" for number in range(12)]
    everything = person.http.get(f"{shared_site.url}/history/answers.json").json()["answers"]
    assert {one["id"]: one for one in everything}[ids[3]] == reply.json()["answers"][3]


@pytest.mark.django_db
async def test_a_download_that_fails_says_so_in_its_last_line(monkeypatch):
    async def fails(*args):
        raise DatabaseError("away")

    monkeypatch.setattr(export, "_read", fails)
    order = export.Order(Answer.objects.all())
    for form in (export._json(), export._markdown()):
        parts = [part async for part in export._parts(order, form, False)]
        assert parts[0] == form.head
        assert parts[-1].strip().startswith("This file is not complete")
    with pytest.raises(json.JSONDecodeError):
        json.loads("".join([export._json().head, parts[-1]]))
