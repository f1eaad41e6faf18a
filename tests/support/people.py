"""People with a plain client. They load the page for its cookie and keep the text that a websocket sends."""

import json
import uuid
from contextlib import ExitStack
from typing import Any

import pytest
import requests
from websockets.sync.client import connect

PATIENCE_SECONDS = 20


class Person:
    """One browser: a cookie jar, and every socket that `connect` opens."""

    def __init__(self, url: str, **headers: str) -> None:
        self.url, self.headers = url, headers
        self.http = requests.Session()
        self.http.trust_env = False
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
    """One page. `texts` holds the text of each answer. Text at a wrong position fails at once."""

    def __init__(self, url: str, cookies: dict[str, str], headers: dict[str, str] | None = None) -> None:
        cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        address = url.replace("http", "ws", 1) + "/ws/answers/"
        headers = (headers or {}) | {"Cookie": cookie}
        self._stack = ExitStack()
        self._socket = self._stack.enter_context(
            connect(address, origin=url, additional_headers=headers, max_size=None, proxy=None)
        )
        self.texts: dict[str, str] = {}
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

    def follow(self, answer: str, position: int = 0) -> None:
        self.texts[answer] = self.texts.get(answer, "")[:position]
        self.say("answer.follow", answer=answer, position=position)

    def stop(self, answer: str) -> None:
        self.say("answer.stop", answer=answer)

    def read(self) -> dict[str, Any]:
        event = json.loads(self._socket.recv(PATIENCE_SECONDS))
        self.events.append(event)
        if event["type"] == "answer.text":
            shown = self.texts.get(event["answer"], "")
            assert event["position"] == len(shown), f"text for {event['position']}, {len(shown)} are shown"
            assert event["text"]
            self.texts[event["answer"]] = shown + event["text"]
        return event

    def read_until(self, type: str, answer: str = "") -> dict[str, Any]:
        while True:
            event = self.read()
            if event["type"] == type and answer in ("", event["answer"]):
                return event

    def read_text(self, answer: str, part: str) -> None:
        """Read until the answer contains `part`."""
        while part not in self.texts.get(answer, ""):
            assert self.read()["type"] != "answer.finished"

    def finish(self, answer: str) -> dict[str, Any]:
        end = self.read_until("answer.finished", answer)
        assert end["length"] == len(self.texts.get(answer, ""))
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
