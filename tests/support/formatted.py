"""Formatted answers in tests: what a page must show, and what a test that plays the server sends."""

from pathlib import Path
from typing import Any

from answers.formatting import changes, formatted, formatted_html

# HTML as a browser writes it.
WRITE = (
    "html => { const box = document.createElement('template'); box.innerHTML = html; return box.innerHTML }"
)

EVERYTHING = (Path(__file__).parent / "everything.md").read_text()  # all that Markdown has

__all__ = ["EVERYTHING", "WRITE", "Formatter", "code_block", "formatted_html"]


class Formatter:
    """Adds the HTML to the events of one answer, as the server does."""

    def __init__(self) -> None:
        self.edition = 0
        self.text = ""
        self.blocks: list[str] = []

    def restart(self) -> None:
        """The page follows again, so it gets all blocks from the first one."""
        self.blocks = []

    def add_html(self, event: dict[str, Any]) -> dict[str, Any]:
        """Events that come with HTML of their own, or have none, stay as they are."""
        if "html" in event or event["type"] not in ("answer.text", "answer.finished"):
            return event
        before = self.blocks
        if event["type"] == "answer.text":
            edition = event.get("edition", 0)
            if edition != self.edition:
                self.edition, self.text, before = edition, "", []
            if event["position"] <= len(self.text):  # otherwise it has a gap, which the page requests
                self.text = self.text[: event["position"]] + event["text"]
        self.blocks = formatted(self.text, f"a{event['answer']}-")
        event = event | {"html": changes(before, self.blocks), "blocks": len(self.blocks)}
        return (
            event if event["type"] == "answer.text" else event | {"html_length": sum(map(len, self.blocks))}
        )


def code_block(code: str, language: str = "") -> str:
    """The HTML of a block with this HTML as its code."""
    wrap = '<button type="button" class="wrap" aria-pressed="false" aria-labelledby="word-wrap"></button>'
    copy = '<button type="button" class="copy" aria-labelledby="word-copy"></button>'
    bar = f'<div class="code-bar"><span class="language">{language}</span>{wrap}{copy}</div>'
    pre = '<pre tabindex="0" role="group" aria-labelledby="word-code">'
    return f'<div class="code">{bar}{pre}<code>{code}</code></pre></div>'
