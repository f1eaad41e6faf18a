"""What is done with what answers used: the log, the figures and the budgets."""

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta

from django.test import override_settings
from django.utils import timezone

from accounts.models import User
from answers.asking import budgets
from answers.engine.usage import fold
from answers.models import Answer, Status, UsageLog, figures
from answers.models.days import day_of
from bench.rows.fill import FIRST_OTHER
from bench.rows.fill_usage import USED, YEAR

Operation = Callable[[], object]

BUDGETS = {
    f"ASKME_{whose}{what}_PER_DAY": 10**12 for whose in ("", "SITE_") for what in ("TOKENS", "COST")
}  # so high that nobody reaches them, and so everything is added up


def usage(busy: User) -> Iterator[tuple[str, Operation]]:
    row = Answer.objects.ask(busy, uuid.uuid4(), "Again and again?")
    today = day_of(timezone.now())
    year = (today - timedelta(days=YEAR - 1), today)

    def end() -> None:
        UsageLog.objects.filter(answer=row.pk).delete()
        Answer.objects.filter(pk=row.pk).update(status=Status.RUNNING)
        assert Answer.objects.finish(row.pk, status=Status.COMPLETE, text="Because. " * 100)

    def fold_some() -> None:
        logged = [
            UsageLog(answer=uuid.uuid4(), user_id=FIRST_OTHER + number % 50, asked_at=row.asked_at, **USED)
            for number in range(100)
        ]
        UsageLog.objects.bulk_create(logged)
        assert fold(lambda seconds: None) >= len(logged)

    @override_settings(**BUDGETS)
    def read_budgets() -> None:
        budgets.check(budgets.budget_of(busy.pk), row.pk, unfinished=0)

    yield "end an answer", end
    yield "read the budgets of a person and the site", read_budgets
    yield "figures of a year", lambda: figures.daily(*year)
    yield "people of a year", lambda: figures.people(*year)
    yield "busiest people of a year", lambda: figures.busiest(*year)
    yield "what a person used in a year", lambda: figures.of_person(busy.pk, *year)
    yield "rate an answer, with the figures", lambda: Answer.objects.rate(row.pk, 1)
    yield "add 100 answers to the figures", fold_some
