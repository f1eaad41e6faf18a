"""How much may be asked: by one person in a minute and in a day, and by all people together.

Counted in the store, so that it holds over all processes. Sync functions, for the thread of the database.
"""

import math
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from answers.events import Refused
from answers.models import Answer, Status, User

WINDOWS = [("ASKME_QUESTIONS_PER_MINUTE", 60, "a minute"), ("ASKME_QUESTIONS_PER_DAY", 86_400, "a day")]
FULL_SECONDS = 30  # until it is worth another try when all are waiting


def check(user: User, answer: UUID) -> None:
    """Raises `Refused`, with the seconds after which this person may ask again."""
    for name, seconds, period in WINDOWS:
        if wait := _wait(user, getattr(settings, name), seconds):
            asked = f"That was {getattr(settings, name)} questions within {period}."
            sentence = f"{asked} Please ask again in {_say(wait)}."
            raise Refused("too_many_questions", sentence, answer=answer, retry_after=wait)
    limit = settings.ASKME_QUEUE
    if limit and Answer.objects.filter(status=Status.QUEUED)[:limit].count() >= limit:
        sentence = f"Very many people are asking right now. Please ask again in {FULL_SECONDS} seconds."
        raise Refused("busy", sentence, answer=answer, retry_after=FULL_SECONDS)


def _wait(user: User, limit: int, seconds: int) -> int:
    """Seconds until fewer than `limit` questions of this person lie within the last `seconds`; 0: now."""
    if not limit:
        return 0
    now = timezone.now()
    newest = user.answers.filter(asked_at__gt=now - timedelta(seconds=seconds)).order_by("-asked_at")
    oldest = newest.values_list("asked_at", flat=True)[limit - 1 : limit].first()
    return 0 if oldest is None else max(1, math.ceil(seconds - (now - oldest).total_seconds()))


def _say(seconds: int) -> str:
    if seconds < 100:
        return f"{seconds} seconds"
    return f"{math.ceil(seconds / 60)} minutes" if seconds < 6_000 else f"{math.ceil(seconds / 3_600)} hours"
