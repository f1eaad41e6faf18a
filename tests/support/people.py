"""People with a plain client. They load the page for its cookie and keep the text that a websocket sends."""

import json
import os
import uuid
from contextlib import ExitStack
from typing import Any

import pytest
import requests
from websockets.sync.client import connect

PATIENCE_SECONDS = 60  # for an event; only a test that fails waits that long


class Person:
    """One browser: a cookie jar, and every socket that `connect` opens."""

    def __init__(self, url: str, **headers: str) -> None:
        self.url, self.headers = url, headers
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.verify = (
            os.environ.get("SSL_CERT_FILE") or True
        )  # which the websocket's client reads by itself
        self.http.headers.update(headers)
        self.http.get(url).raise_for_status()
        self.sockets: list[Socket] = []

    def connect(self, url: str = "") -> "Socket":
        socket = Socket(url or self.url, self.http.cookies.get_dict(), self.headers)
        self.sockets.append(socket)
        return socket

    def close(self) -> None:
        for socket in self.sockets:
            socket.close()
        self.http.close()


class Socket:
    """One page. `texts` and `reasoning` hold what it shows of each answer. A wrong position fails at once."""

    def __init__(self, url: str, cookies: dict[str, str], headers: dict[str, str] | None = None) -> None:
        cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        address = url.replace("http", "ws", 1) + "/ws/answers/"
        headers = {"Origin": url} | (headers or {}) | {"Cookie": cookie}
        self._stack = ExitStack()
        self._socket = self._stack.enter_context(
            connect(address, additional_headers=headers, max_size=None, proxy=None)
        )
        self.texts: dict[str, str] = {}
        self.reasoning: dict[str, str] = {}
        self.editions: dict[str, int] = {}  # of the texts
        self.events: list[dict[str, Any]] = []

    def say(self, type: str, **fields: Any) -> None:
        self._socket.send(json.dumps({"type": type, **fields}))

    def send(self, frame: str | bytes) -> None:
        self._socket.send(frame)

    def ask(self, question: str, answer: str = "", **fields: str) -> str:
        """`fields` are optional fields of the frame: `follows`, `revises`, `model`."""
        answer = answer or str(uuid.uuid4())
        self.say("question.ask", answer=answer, question=question, **fields)
        return answer

    def follow(self, answer: str, position: int = 0, **fields: Any) -> None:
        """`fields` are optional fields of the frame: `share`, `reasoning_position`, `edition`."""
        self.texts[answer] = self.texts.get(answer, "")[:position]
        self.reasoning[answer] = self.reasoning.get(answer, "")[: fields.get("reasoning_position", 0)]
        self.editions[answer] = fields.get("edition", 0)
        self.say("answer.follow", answer=answer, position=position, **fields)

    def follow_on(self, answer: str, other: "Socket") -> None:
        """Follow from where another page was, as after a reconnect."""
        parts = (self.texts, other.texts), (self.reasoning, other.reasoning)
        for own, others in parts:
            own[answer] = others.get(answer, "")
        self.editions[answer] = other.editions.get(answer, 0)
        self.say(
            "answer.follow",
            answer=answer,
            position=len(self.texts[answer]),
            reasoning_position=len(self.reasoning[answer]),
            edition=self.editions[answer],
        )

    def stop(self, answer: str) -> None:
        self.say("answer.stop", answer=answer)

    def read(self) -> dict[str, Any]:
        event = json.loads(self._socket.recv(PATIENCE_SECONDS))
        self.events.append(event)
        self._show(event)
        return event

    def _show(self, event: dict[str, Any]) -> None:
        if event["type"] not in ("answer.text", "answer.reasoning"):
            return
        answer, edition = event["answer"], event.get("edition", 0)
        if event["type"] == "answer.text" and edition != self.editions.get(answer, 0):
            self.editions[answer], self.texts[answer] = edition, ""
            assert event["position"] == 0, "a text that begins anew begins at 0"
        else:
            assert event["text"]
        shown = self.texts if event["type"] == "answer.text" else self.reasoning
        before = shown.get(answer, "")
        assert event["position"] == len(before), f"{event['type']} for {event['position']}, not {len(before)}"
        shown[answer] = before + event["text"]

    def read_until(self, type: str, answer: str = "") -> dict[str, Any]:
        while True:
            event = self.read()
            if event["type"] == type and answer in ("", event["answer"]):
                return event

    def read_text(self, answer: str, part: str) -> None:
        """Read until the answer contains `part`."""
        while part not in self.texts.get(answer, ""):
            assert self.read()["type"] != "answer.finished"

    def read_reasoning(self, answer: str, part: str) -> None:
        """Read until the reasoning contains `part`."""
        while part not in self.reasoning.get(answer, ""):
            assert self.read()["type"] != "answer.finished"

    def finish(self, answer: str) -> dict[str, Any]:
        end = self.read_until("answer.finished", answer)
        assert end["length"] == len(self.texts.get(answer, ""))
        assert end["reasoning_length"] == len(self.reasoning.get(answer, ""))
        assert end["edition"] == self.editions.get(answer, 0)
        return end

    def finish_all(self, *answers: str) -> None:
        """Read until all of these answers are complete, in any order."""
        left = set(answers)
        while left:
            end = self.read_until("answer.finished")
            assert (end["status"], end["length"]) == ("complete", len(self.texts.get(end["answer"], "")))
            left.discard(end["answer"])

    def close(self) -> None:
        self._stack.close()


@pytest.fixture
def meet():
    """Make people's browsers. All are closed at the end of the test."""
    people = []

    def make(url, **headers):
        people.append(Person(url, **headers))
        return people[-1]

    yield make
    for person in people:
        person.close()


@pytest.fixture
def visit(request):
    """Return a function that brings somebody with an account, or without one yet, to a site."""
    from tests.support.forms import Visitor  # it needs Django's models, and this module as well

    def visit(site):
        visitor = Visitor(site.url)
        request.addfinalizer(visitor.close)
        return visitor

    return visit
