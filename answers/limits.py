"""How much may be asked: by one person and from one address of guests, in a minute and a day; and by all.

Counted in the store, so that it holds over all processes. Sync functions, for the thread of the database.
"""

import math
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from answers.events import Refused
from answers.models import Answer, Asked, Status, User

WINDOWS = [
    (
        "MINUTE",
        60,
        ngettext_lazy(
            "That was %(limit)d question within a minute.",
            "That was %(limit)d questions within a minute.",
            "limit",
        ),
        gettext_lazy("Too many questions came from your network within a minute."),
    ),
    (
        "DAY",
        86_400,
        ngettext_lazy(
            "That was %(limit)d question within a day.",
            "That was %(limit)d questions within a day.",
            "limit",
        ),
        gettext_lazy("Too many questions came from your network within a day."),
    ),
]
FULL_SECONDS = 30  # until it is worth another try when all are waiting


def check(user: User, address: str, answer: UUID) -> None:
    """Raises `Refused`, with the seconds after which this person may ask again."""
    for window, seconds, of_person, of_network in WINDOWS:
        limit = getattr(settings, f"ASKME_QUESTIONS_PER_{window}")
        if wait := _wait(user.asked.all(), limit, seconds):
            again = _("Please ask again in %(time)s.") % {"time": _say(wait)}
            sentence = f"{of_person % {'limit': limit}} {again}"
            raise Refused("too_many_questions", sentence, answer=answer, retry_after=wait)
        limit = getattr(settings, f"ASKME_ADDRESS_QUESTIONS_PER_{window}")
        if address and (wait := _wait(Asked.objects.filter(address=address), limit, seconds)):
            again = _("Please ask again in %(time)s, or log in.") % {"time": _say(wait)}
            raise Refused("too_many_questions", f"{of_network} {again}", answer=answer, retry_after=wait)
    limit = settings.ASKME_QUEUE
    # In no order, or PostgreSQL may go through all answers by their time.
    waiting = Answer.objects.filter(status=Status.QUEUED).order_by()
    if limit and waiting[:limit].count() >= limit:
        full = _("Very many people are asking right now.")
        again = _("Please ask again in %(time)s.") % {"time": _say(FULL_SECONDS)}
        raise Refused("busy", f"{full} {again}", answer=answer, retry_after=FULL_SECONDS)


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
        return ngettext("%(number)d second", "%(number)d seconds", seconds) % {"number": seconds}
    if seconds < 6_000:
        minutes = math.ceil(seconds / 60)
        return ngettext("%(number)d minute", "%(number)d minutes", minutes) % {"number": minutes}
    hours = math.ceil(seconds / 3_600)
    return ngettext("%(number)d hour", "%(number)d hours", hours) % {"number": hours}
