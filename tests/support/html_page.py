"""A page that asks for HTML: what it shows of one answer. A frame that does not fit fails at once."""

import json
from typing import Any

from answers.formatting import formatted
from tests.support.people import Person, Socket

HTML_CHARS = TEXT_CHARS = 65_536  # in one frame


class HtmlPage:
    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.text, self.edition = "", 0
        self.blocks: list[str] = []
        self.frames: list[dict[str, Any]] = []  # with text or HTML
        self.end: dict[str, Any] = {}

    @property
    def html(self) -> str:
        return "".join(self.blocks)

    def frame(self, **fields: Any) -> dict[str, Any]:
        """Follow from here. The page gets all blocks again."""
        self.blocks, self.end = [], {}
        position = {"position": len(self.text), "edition": self.edition}
        return {"type": "answer.follow", "answer": self.answer, "format": "html"} | position | fields

    def add(self, event: dict[str, Any]) -> None:
        """An `answer.text` or the end."""
        if event["type"] == "answer.finished":
            assert not self.end
            self.end = event
            if "html" in event:
                self._change(event["html"], event["blocks"])
                assert event["html_length"] == len(self.html)
            return
        self.frames.append(event)
        edition = event.get("edition", 0)
        if edition != self.edition:
            assert event["position"] == 0
            self.edition, self.text, self.blocks = edition, "", []
        assert event["position"] <= len(self.text)
        assert len(event["text"]) <= TEXT_CHARS
        self.text += event["text"][len(self.text) - event["position"] :]
        self._change(event["html"], event["blocks"])

    def _change(self, changes: list[tuple[int, int, str]], count: int) -> None:
        assert sum(len(html) for _, _, html in changes) <= HTML_CHARS
        for number, keep, html in changes:
            assert number <= len(self.blocks), "blocks come in order"
            before = self.blocks[number] if number < len(self.blocks) else ""
            assert keep <= len(before)
            self.blocks[number:] = [before[:keep] + html, *self.blocks[number + 1 :]]
        del self.blocks[count:]

    def require_whole(self, text: str, edition: int = 0) -> None:
        """It ended with this text, and shows what a reload shows."""
        assert (self.text, self.edition) == (text, edition)
        assert (self.end["length"], self.end["edition"]) == (len(text), edition)
        assert self.blocks == formatted(text, f"a{self.answer}-")


class HtmlSocket(Socket):
    """A socket whose pages ask for HTML."""

    def __init__(self, person: Person, url: str = "") -> None:
        super().__init__(url or person.url, person.http.cookies.get_dict(), person.headers)
        self.pages: dict[str, HtmlPage] = {}
        person.sockets.append(self)

    def ask(self, question: str, answer: str = "", **fields: str) -> str:
        id = super().ask(question, answer, format="html", **fields)
        self.pages[id] = HtmlPage(id)
        return id

    def follow(self, answer: str, position: int = 0, **fields: Any) -> None:
        """From where the page is. `position` is ignored."""
        self.send(json.dumps(self.pages.setdefault(answer, HtmlPage(answer)).frame(**fields)))

    def _show(self, event: dict[str, Any]) -> None:
        if event["type"] in ("answer.text", "answer.finished"):
            page = self.pages[event["answer"]]
            page.add(event)
            self.texts[page.answer], self.editions[page.answer] = page.text, page.edition
        else:
            super()._show(event)

    def finish(self, answer: str) -> dict[str, Any]:
        """The end of an answer, which must show what a reload shows."""
        end = super().finish(answer)
        self.pages[answer].require_whole(self.texts.get(answer, ""), end["edition"])
        return end
