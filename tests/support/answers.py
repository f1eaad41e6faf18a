"""Save answers directly in the test database."""

import uuid
from datetime import UTC, datetime, timedelta

from accounts.models import User
from answers.models import Answer, Status

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def make_answer(user: User, question: str, text: str = "", *, days: float = 0, **fields) -> Answer:
    answer = Answer.objects.ask(user, uuid.uuid4(), question, follows=fields.pop("follows", None))
    fields = {"text": text, "status": Status.COMPLETE, "asked_at": START + timedelta(days=days)} | fields
    Answer.objects.filter(pk=answer.pk).update(**fields)
    return Answer.objects.get(pk=answer.pk)


def questions_on(page) -> list[str]:
    """Return the first question of each thread that a page of the history shows."""
    return [answer.title for answer in page.context["page"].answers]
