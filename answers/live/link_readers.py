"""What somebody gets of an answer's events who has only a shared link."""

from answers.protocol import Event

NOT_FOR_LINK_READERS: dict[str, Event] = {
    "answer.started": {"model": ""},
    "answer.activity": {"activity": "thinking", "retry_after": None},
    "answer.finished": {
        "model": "",
        "usage": None,
        "seconds": None,
        "first_text_seconds": None,
        "tokens_per_second": None,
        "reasoning_length": 0,
    },
}


def for_link_readers(event: Event) -> Event:
    """The event for somebody who has only a shared link, without what the shared page does not show.

    It shows the question, the answer and its sources. Before the text, it shows only that the question is
    being answered. Reasoning does not get here, because the follower of such a reader never reads it.
    """
    return event | NOT_FOR_LINK_READERS.get(event["type"], {})
