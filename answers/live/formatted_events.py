"""The events of an answer with its text as HTML, for a page that asks for it."""

from collections.abc import AsyncIterable, AsyncIterator
from uuid import UUID

from answers import protocol
from answers.formatting import Growing, changes
from answers.protocol import Event


async def with_html(events: AsyncIterable[Event], answer: UUID) -> AsyncIterator[Event]:
    """`events` contain the whole text, from its first character."""
    growing, edition = Growing(f"a{answer}-"), 0
    async for event in events:
        if event["type"] == "answer.text":
            if event.get("edition", 0) != edition:
                growing, edition = Growing(growing.prefix), event["edition"]
            before = growing.blocks
            growing.feed(event["text"])
            for _ in growing.render():
                pass
            event = protocol.with_html(event, changes(before, growing.blocks), growing.blocks)
        elif event["type"] == "answer.finished":
            before = growing.blocks
            for _ in growing.finish():
                pass
            event = protocol.with_html(event, changes(before, growing.blocks), growing.blocks, is_end=True)
        yield event
