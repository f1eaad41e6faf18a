"""Taking a question on and stopping its answer: what the websocket and the plain form have in common.

On the event loop whose worker runs the answers. Raises `Refused` with a sentence for the person, and
DatabaseError.
"""

import asyncio
from dataclasses import replace
from uuid import UUID

from answers import events
from answers.events import Ask, Event, Refused
from answers.forms import QuestionForm
from answers.speaker import Speaker, not_found
from answers.worker import current_worker


async def ask(speaker: Speaker, ask: Ask, address: str) -> Event | None:
    """Returns the first event of a question that is new; of one that was asked already there is none."""
    form = QuestionForm({"question": ask.question, "model": ask.model})
    if not form.is_valid():
        field, [error, *_] = next(iter(form.errors.get_json_data().items()))
        raise Refused(f"bad_{field}", error["message"], answer=ask.answer)
    # Shielded: whoever asks and is gone in the midst of it must not leave a row that nobody runs.
    return await asyncio.shield(_save_and_run(speaker, replace(ask, **form.cleaned_data), address))


async def _save_and_run(speaker: Speaker, ask: Ask, address: str) -> Event | None:
    answer = await speaker.save(ask, address)
    if answer is None:
        return None
    return events.queued(answer.id, current_worker().ask(answer))


async def stop(speaker: Speaker, answer: UUID) -> None:
    """At once if it runs here; else its own process finds the wish in the store."""
    worker = current_worker()
    running = worker.answers.get(answer)
    if running is not None and running.user_id == await speaker.user_id_or_known(answer):
        worker.stop(answer)
    elif not await speaker.request_stop(answer):
        raise not_found(answer)
