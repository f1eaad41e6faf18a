"""The protocol of `/ws/answers/`: every frame from a page, and every event from the server.

All are JSON objects in text frames, each with a dotted `type`. A page asks, follows and stops; the server
reports what happens to the answer. Positions and lengths count code points. Fields may be added, but none
changes its meaning.
"""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from answers.formatting import Change
    from answers.models import Answer
    from completions import Activity

Event = dict[str, Any]

encode = json.JSONEncoder(ensure_ascii=False).encode  # an event. `json.dumps` would make an encoder for each.

# -- From a page


@dataclass(frozen=True, slots=True)
class Ask:
    """`question.ask`: the page chooses the id `answer`, so the same frame sent twice is one question.

    The question follows up the answer `follows`, or is another version of the question of the answer
    `revises`, which is kept. `model` is a model that the site offers, by its name in the API; null means the
    first of them.
    """

    answer: UUID
    question: str
    follows: UUID | None = None
    revises: UUID | None = None
    model: str | None = None
    html: bool = False  # as in `Follow`


@dataclass(frozen=True, slots=True)
class Follow:
    """`answer.follow`: send the text after `position`, up to which the page has it.

    With `share`, the last part of a shared thread's URL, anybody may follow an answer of that thread.
    """

    answer: UUID
    position: int
    share: str | None = None
    reasoning_position: int = 0  # up to which the page has the reasoning
    edition: int = 0  # of the text that the page has
    html: bool = False  # `"format": "html"`: send the formatted text too, from its first block


@dataclass(frozen=True, slots=True)
class Stop:
    """`answer.stop`: end the answer now and keep its text."""

    answer: UUID


POSITIONS = {"position": 2**31, "reasoning_position": 2**30, "edition": 2**15}  # with the limit of each


class Refused(Exception):
    """A request that was refused, with a message for the person in their language."""

    def __init__(
        self, code: str, message: str, *, answer: UUID | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.answer, self.retry_after = code, message, answer, retry_after


def parse(frame: str) -> Ask | Follow | Stop:
    """Parse a frame. Raises `Refused` if it is not valid, with the answer's id if that can be read."""
    try:
        fields = json.loads(frame)
    except (ValueError, RecursionError):
        raise Refused("bad_frame", _("This frame is not JSON.")) from None
    if not isinstance(fields, dict):
        raise Refused("bad_frame", _("A frame must be a JSON object with a type."))
    answer = _uuid(fields, "answer")
    match fields.get("type"):
        case "question.ask":
            return _ask(fields, answer)
        case "answer.follow":
            numbers = {name: _number(fields, name, answer) for name in POSITIONS}
            share = fields.get("share")
            if share is not None and not (isinstance(share, str) and len(share) <= 64 and share.isascii()):
                sentence = _("The field “share” must be the token of a shared link.")
                raise Refused("bad_frame", sentence, answer=answer)
            return Follow(answer, share=share, html=_is_html(fields, answer), **numbers)
        case "answer.stop":
            return Stop(answer)
        case other:
            sentence = _("There is no frame of type %(type)s.") % {"type": repr(str(other)[:40])}
            raise Refused("bad_frame", sentence, answer=answer)


def _number(fields: dict[str, Any], name: str, answer: UUID) -> int:
    value = fields.get(name, 0)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < POSITIONS[name]:
        return value
    sentence = _("The field “%(name)s” must be a number, 0 or greater.") % {"name": name}
    raise Refused("bad_frame", sentence, answer=answer)


def _ask(fields: dict[str, Any], answer: UUID) -> Ask:
    question, model = fields.get("question"), fields.get("model")
    follows, revises = (
        None if fields.get(name) is None else _uuid(fields, name) for name in ("follows", "revises")
    )
    if not isinstance(question, str):
        raise Refused("bad_frame", _("The field “question” must be a string."), answer=answer)
    if model is not None and not isinstance(model, str):
        raise Refused("bad_frame", _("The field “model” must be a string or null."), answer=answer)
    if follows is not None and revises is not None:
        sentence = _("A question can follow an answer or revise one, but not both.")
        raise Refused("bad_frame", sentence, answer=answer)
    return Ask(answer, question, follows, revises, model, _is_html(fields, answer))


def _is_html(fields: dict[str, Any], answer: UUID) -> bool:
    value = fields.get("format")
    if value in (None, "text", "html"):
        return bool(value == "html")
    raise Refused("bad_frame", _("The field “format” must be “text” or “html”."), answer=answer)


def _uuid(fields: dict[str, Any], name: str) -> UUID:
    value = fields.get(name)
    if isinstance(value, str) and len(value) == 36:
        try:
            return UUID(value)
        except ValueError:
            pass
    sentence = _("The field “%(name)s” must be a UUID such as 0b0f2c1e-….") % {"name": name}
    raise Refused("bad_frame", sentence)


# -- From the server


def queued(answer: UUID, ahead: int) -> Event:
    """`ahead` other answers are before it in the queue. Sent again when that changes."""
    return {"type": "answer.queued", "answer": str(answer), "ahead": ahead}


def started(answer: UUID, model: str) -> Event:
    """`model` is the name that people see: its label, if the site offers a choice. "" over a shared link."""
    return {"type": "answer.started", "answer": str(answer), "model": model}


def activity(answer: UUID, activity: "Activity") -> Event:
    """What happens before the text: `thinking`, `searching`, or `retrying` after this many seconds."""
    return {
        "type": "answer.activity",
        "answer": str(answer),
        "activity": activity.name,
        "retry_after": activity.retry_after,
    }


def reasoning(answer: UUID, position: int, text: str) -> Event:
    """A part of the model's reasoning. `position` code points of reasoning come before this."""
    return {"type": "answer.reasoning", "answer": str(answer), "position": position, "text": text}


def text(answer: UUID, position: int, text: str, edition: int = 0) -> Event:
    """`position` code points come before this text.

    If `edition` changes, the text starts over: everything that was sent as text until then was reasoning. The
    field is missing while it is 0.
    """
    event: Event = {"type": "answer.text", "answer": str(answer), "position": position, "text": text}
    return event | {"edition": edition} if edition else event


def with_html(event: Event, html: "list[Change]", blocks: list[str], *, is_end: bool = False) -> Event:
    """A text event, or the end (`is_end`), with what changes in the blocks of the formatted text.

    It is the HTML of all text up to the end of this event. `blocks` are all blocks. The event says how many
    there are and, at the end, how many characters of HTML they have.
    """
    fields: Event = {"html": html, "blocks": len(blocks)}
    return event | fields | ({"html_length": sum(map(len, blocks))} if is_end else {})


def finished(answer: "Answer", length: int, reasoning_length: int = 0) -> Event:
    """The end of an answer; `length` code points are saved. A page with another length reads it again.

    `sources` are the pages that it cites, in the order in which they first appear. `usage` has the tokens,
    null where they are not known. `seconds` count from the question, waiting included, and so do
    `first_text_seconds`. The text came at `tokens_per_second`.
    """
    error = {"code": answer.error_code, "message": answer.error_message} if answer.error_code else None
    counted = answer.prompt_tokens is not None or answer.completion_tokens is not None
    usage = {
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
        "reasoning_tokens": answer.reasoning_tokens,  # of the completion tokens
        "cached_tokens": answer.cached_tokens,  # of the prompt tokens
        "estimated": answer.tokens_estimated,
    }
    return {
        "type": "answer.finished",
        "answer": str(answer.pk),
        "status": str(answer.status),
        "model": answer.shown_model,
        "length": length,
        "reasoning_length": reasoning_length,
        "edition": answer.edition,
        "sources": answer.sources,
        "finish_reason": answer.finish_reason or None,
        "error": error,
        "usage": usage if counted else None,
        "seconds": answer.seconds,
        "first_text_seconds": answer.first_text_seconds,
        "tokens_per_second": answer.tokens_per_second(length, reasoning_length),
    }


def translated(finished: Event) -> Event:
    """`finished` with its error message, which is stored in English, in the active language."""
    error = finished["error"]
    if error is None:
        return finished
    message = error["message"]
    return finished | {"error": error | {"message": _(message)}}


def busy() -> Event:
    """The last frame waits in line. Sent every few seconds until its reply. It names no answer yet."""
    return {"type": "site.busy"}


def error(refused: Refused) -> Event:
    return {
        "type": "error",
        "code": refused.code,
        "message": refused.message,
        "answer": None if refused.answer is None else str(refused.answer),
        "retry_after": refused.retry_after,
    }
