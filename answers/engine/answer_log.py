"""What the log says about one answer, in whichever process and thread: its id is on each line.

An ordinary answer has four lines: asked, started, the line of `completions` about the call, and ended. None
of them contains text, or says who asked. `current_answer` and `current_request` are for the site's formatter.
They belong to a thread or a task, so a task that works for everybody starts with an empty `Context`.
"""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:  # logging is configured before models can be imported
    from answers.models import Answer

log = logging.getLogger("answers.answer")

current_answer: ContextVar[UUID | None] = ContextVar("answer", default=None)
current_request: ContextVar[str] = ContextVar("request", default="")  # the id that a proxy gave it


_host = cache(socket.gethostname)  # a system call, for which the event loop would wait at each answer


@contextmanager
def about(answer: UUID | None) -> Iterator[None]:
    """Every line that is logged meanwhile, by whatever package, is about this answer."""
    token = current_answer.set(answer)
    try:
        yield
    finally:
        current_answer.reset(token)


def log_step(answer: UUID, step: str, **facts: Any) -> None:
    """One line. `facts` are numbers and names; those that are None are left out. Never text."""
    if not log.isEnabledFor(logging.INFO):
        return
    known = {name: value for name, value in facts.items() if value not in (None, "")}
    words = [step, *(f"{name}={value}" for name, value in known.items())]
    with about(answer):
        log.info("%s", " ".join(words), extra={"facts": known})


def log_start(answer: UUID, *, model: str, turns: int, waited_seconds: float) -> None:
    process = f"{_host()}:{os.getpid()}"  # as on the admin's page Now
    waited = round(waited_seconds, 3)
    log_step(answer, "started", process=process, model=model, turns=turns, waited_seconds=waited)


def log_end(row: "Answer") -> None:
    """Its end is saved."""
    seconds = row.seconds if row.seconds is None else round(row.seconds, 3)
    log_step(
        row.pk,
        "ended",
        status=str(row.status),
        error=row.error_code,
        seconds=seconds,
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
        chars=len(row.text),
    )
