"""How much may be asked: by one person and from one address of guests, in a minute and a day; and by all.

Counted in the store, so that it holds over all processes. Sync functions, for the thread of the database.
"""

import math
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from answers.events import Refused
from answers.models import Answer, Asked, Status, User

WINDOWS = [("MINUTE", 60, "a minute"), ("DAY", 86_400, "a day")]
FULL_SECONDS = 30  # until it is worth another try when all are waiting


def check(user: User, address: str, answer: UUID) -> None:
    """Raises `Refused`, with the seconds after which this person may ask again."""
    for window, seconds, period in WINDOWS:
        limit = getattr(settings, f"ASKME_QUESTIONS_PER_{window}")
        if wait := _wait(user.asked.all(), limit, seconds):
            sentence = f"That was {limit} questions within {period}. Please ask again in {_say(wait)}."
            raise Refused("too_many_questions", sentence, answer=answer, retry_after=wait)
        limit = getattr(settings, f"ASKME_ADDRESS_QUESTIONS_PER_{window}")
        if address and (wait := _wait(Asked.objects.filter(address=address), limit, seconds)):
            sentence = (
                f"Too many questions came from your network within {period}. "
                f"Please ask again in {_say(wait)}, or log in."
            )
            raise Refused("too_many_questions", sentence, answer=answer, retry_after=wait)
    limit = settings.ASKME_QUEUE
    if limit and Answer.objects.filter(status=Status.QUEUED)[:limit].count() >= limit:
        sentence = f"Very many people are asking right now. Please ask again in {FULL_SECONDS} seconds."
        raise Refused("busy", sentence, answer=answer, retry_after=FULL_SECONDS)


def _wait(asked: QuerySet[Asked], limit: int, seconds: int) -> int:
    """Seconds until fewer than `limit` of these questions lie within the last `seconds`; 0: now."""
    if not limit:
        return 0
    now = timezone.now()
    newest = asked.filter(at__gt=now - timedelta(seconds=seconds)).order_by("-at")
    oldest = newest.values_list("at", flat=True)[limit - 1 : limit].first()
    return 0 if oldest is None else max(1, math.ceil(seconds - (now - oldest).total_seconds()))


def _say(seconds: int) -> str:
    if seconds < 100:
        return f"{seconds} seconds"
    return f"{math.ceil(seconds / 60)} minutes" if seconds < 6_000 else f"{math.ceil(seconds / 3_600)} hours"
