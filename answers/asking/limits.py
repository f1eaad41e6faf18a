"""Limits on questions: per person, per network address, for the whole site, and for the whole queue.

They count the log of questions in the database, so they hold across all processes. Budgets, which limit what
the answers use, are in budgets.py. Synchronous, for the database thread.
"""

import math
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from answers.asking import budgets
from answers.asking.duration import duration
from answers.engine.hooks import site_hooks
from answers.models import QuestionLog
from answers.protocol import Refused

WINDOWS = [
    (
        "MINUTE",
        60,
        ngettext_lazy(
            "You've reached the limit of %(limit)d question per minute.",
            "You've reached the limit of %(limit)d questions per minute.",
            "limit",
        ),
        gettext_lazy("Your network has reached its limit of questions per minute."),
    ),
    (
        "DAY",
        86_400,
        ngettext_lazy(
            "You've reached the limit of %(limit)d question per day.",
            "You've reached the limit of %(limit)d questions per day.",
            "limit",
        ),
        gettext_lazy("Your network has reached its limit of questions per day."),
    ),
]
BUSY_SECONDS = 30  # until it is worth trying again when the queue is full


def check(user: AbstractBaseUser, address: str, answer: UUID, *, waiting: int, unfinished: int) -> None:
    """Raises `Refused` if a limit is reached, with the seconds until this person may ask again.

    `waiting` is the length of the queue, `unfinished` how many answers of this person wait or run.
    """
    budget = budgets.budget_of(user.pk)
    own = {"MINUTE": settings.ASKME_QUESTIONS_PER_MINUTE, "DAY": budget.questions_limit}
    for window, seconds, per_person, per_network in WINDOWS:
        limit = own[window]
        if wait := _wait(QuestionLog.objects.filter(user_id=user.pk), limit, seconds):
            again = _("Please ask again in %(time)s.") % {"time": duration(wait)}
            sentence = f"{per_person % {'limit': limit}} {again}"
            raise Refused("too_many_questions", sentence, answer=answer, retry_after=wait)
        limit = getattr(settings, f"ASKME_ADDRESS_QUESTIONS_PER_{window}")
        if address and (wait := _wait(QuestionLog.objects.from_address(address), limit, seconds)):
            again = _("Please ask again in %(time)s.")
            if site_hooks().login_lifts_address_limit(user):
                again = _("Please ask again in %(time)s, or log in.")
            sentence = f"{per_network} {again % {'time': duration(wait)}}"
            raise Refused("too_many_questions", sentence, answer=answer, retry_after=wait)
    if wait := _wait(QuestionLog.objects.all(), settings.ASKME_SITE_QUESTIONS_PER_DAY, 86_400):
        full = _("This site has reached its limit of questions per day.")
        again = _("Please ask again in %(time)s.") % {"time": duration(wait)}
        raise Refused("too_many_questions", f"{full} {again}", answer=answer, retry_after=wait)
    budgets.check(budget, answer, unfinished=unfinished)
    if settings.ASKME_QUEUE and waiting >= settings.ASKME_QUEUE:
        full = _("The site is very busy right now.")
        again = _("Please ask again in %(time)s.") % {"time": duration(BUSY_SECONDS)}
        raise Refused("busy", f"{full} {again}", answer=answer, retry_after=BUSY_SECONDS)


def _wait(asked: QuerySet[QuestionLog], limit: int, seconds: int) -> int:
    """Seconds until fewer than `limit` of these questions are younger than `seconds`. 0 means now."""
    if not limit:
        return 0
    now = timezone.now()
    newest = asked.filter(asked_at__gt=now - timedelta(seconds=seconds)).order_by("-asked_at")
    oldest = newest.values_list("asked_at", flat=True)[limit - 1 : limit].first()
    return 0 if oldest is None else max(1, math.ceil(seconds - (now - oldest).total_seconds()))
