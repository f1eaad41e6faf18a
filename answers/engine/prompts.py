"""What is sent to the API for a claimed question, with the earlier turns and the site's hook applied."""

import logging

from django.db import connection, transaction
from django.utils.crypto import salted_hmac

from answers.engine.context import earlier_turns
from answers.engine.hooks import Hooks, site_hooks
from answers.engine.model_options import find_option
from answers.engine.outcome import INTERNAL, STOPPED
from answers.engine.provider import prompt_for, sends_identifiers
from answers.engine.running_answer import RunningAnswer
from answers.models import Answer
from completions import Prompt, Turn

log = logging.getLogger(__name__)


def read_prompt(row: Answer) -> Prompt | None:
    """Its prompt with the earlier turns of its thread, inside a transaction. None if they cannot be read."""
    if row.follows_id is None:
        return _prompt(row)
    try:
        with transaction.atomic():  # a savepoint: this must not break the transaction for all other questions
            return _prompt(row, earlier_turns(row))
    except Exception:
        if connection.needs_rollback or not connection.is_usable():
            raise
        log.exception("answer %s could not be started", row.pk)
        return None


def _prompt(row: Answer, earlier: tuple[Turn, ...] = ()) -> Prompt:
    is_identified = sends_identifiers()
    return prompt_for(
        find_option(row.model),
        row.question,
        earlier=earlier,
        safety_identifier=_pseudonym("safety_identifier", row.user_id) if is_identified else "",
        cache_key=_pseudonym("cache_key", row.thread) if is_identified else "",
    )


def _pseudonym(purpose: str, key: object) -> str:
    """A constant pseudonym for a person or a thread. Only this site can tell whose it is.

    It is not a plain hash, because a user's key is a small number that can be guessed. 32 hex digits are 128
    bits, so no two keys share a pseudonym. OpenAI's limit is 64 characters.
    """
    return salted_hmac(f"answers.{purpose}", str(key), algorithm="sha256").hexdigest()[:32]


def has_hook() -> bool:
    """Whether the site changes prompts itself, which may take long."""
    return type(site_hooks()).prompt is not Hooks.prompt


def prepare(row: Answer, prompt: Prompt | None) -> RunningAnswer:
    """The answer that the worker runs. It has an outcome already if there is nothing to send."""
    if row.stop_requested_at is not None:  # while it waited, as when its person was deactivated
        answer = RunningAnswer(row, prompt or _prompt(row))
        answer.finish_with(STOPPED)
        return answer
    planned_turns = len(prompt.earlier) if prompt else 0  # before a hook changes them
    is_stopped = False
    if prompt is not None and has_hook():
        try:
            prompt = site_hooks().prompt(row, prompt)
        except Exception:
            log.exception("answer %s could not be started", row.pk)
            prompt = None
        is_stopped = Answer.objects.filter(pk=row.pk).with_stop_requested().exists()
    answer = RunningAnswer(row, prompt or _prompt(row), planned_turns)
    if is_stopped:
        answer.finish_with(STOPPED)
    elif prompt is None:
        answer.finish_with(INTERNAL)
    return answer
