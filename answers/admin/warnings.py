"""What the operator should know at once: it stands on top of the admin's index, the usage page and "Now".

Each check takes a few milliseconds at most, except that of Redis if it does not respond.
"""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from channels.layers import get_channel_layer
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from answers.admin.numbers import plural, sentence, span
from answers.engine import model_check
from answers.engine.model_options import configured
from answers.engine.redis_layer import RedisLayer
from answers.models import PersonalSettings, Process, PruneRun, figures
from answers.models.usage_report import Report

LITTLE_BYTES = 2 * 1024**3
LITTLE_SHARE = 0.1  # of a small disk
LATE = timedelta(hours=3)  # one of the processes prunes every hour
WORKING = timedelta(minutes=10)  # a prune that takes long says every minute that it still works
COST_DAYS = 7
SOME_PEOPLE = 1_000
PRUNE_HINT = "One of the running processes should run it every hour; the logs say why it failed."
SHOWN = 3  # names in a sentence


def operator_warnings() -> list[str]:
    """Sentences in English, the most urgent first."""
    checks = [_migrations, _disk, _redis, _prune, model_check.warnings, _prices]
    return [sentence for check in checks for sentence in check()]


def _migrations() -> Iterator[str]:
    executor = MigrationExecutor(connection)
    missing = [one for one, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]
    if missing:
        names = sentence(f"{one.app_label}.{one.name}" for one in missing[:SHOWN])
        more = ", and more" if len(missing) > SHOWN else ""
        yield f"The database lacks {plural(len(missing), 'migration')}: {names}{more}. Run manage.py migrate."


def _disk() -> Iterator[str]:
    folders = {}
    if connection.vendor == "sqlite":
        folders[Path(str(connection.settings_dict["NAME"])).parent] = "the database"
    elif var := getattr(settings, "VAR_DIR", None):
        folders[Path(var)] = "var/"
    for folder, what in folders.items():
        try:
            disk = shutil.disk_usage(folder)
        except OSError:  # such as a database in memory
            continue
        if disk.free < min(LITTLE_BYTES, LITTLE_SHARE * disk.total):
            free = f"{disk.free / 1024**2:,.0f} MB"
            yield f"The disk of {what} is nearly full: {free} are free. Once it is full, nobody can ask."


def _redis() -> Iterator[str]:
    layer = get_channel_layer()
    if isinstance(layer, RedisLayer) and not layer.is_reachable():
        yield (
            "Redis does not respond. Answers continue, but a page that is not connected to the process that"
            " runs its answer is up to two seconds behind."
        )


def _prune() -> Iterator[str]:
    now, run = timezone.now(), PruneRun.objects.first()
    if run is None:
        # It begins as soon as a process starts.
        if Process.objects.filter(started_at__lt=now - LATE).exists():
            yield f"The hourly cleanup (manage.py prune) has not run yet. {PRUNE_HINT}"
    elif run.active_at < now - WORKING and (run.ended_at is None or run.ended_at < now - LATE):
        ended = f"ended {span(now - run.ended_at)} ago" if run.ended_at else "did not end"
        yield f"The last cleanup (manage.py prune) {ended}. {PRUNE_HINT}"


def _prices() -> Iterator[str]:
    """Without a price, a budget of money does not hold, unless the API says what each answer cost."""
    models = configured()
    unpriced = [one for one in models if one.price is None and one.name]
    if settings.ASKME_DEMO or not unpriced or not (len(unpriced) < len(models) or _has_cost_budget()):
        return
    today = figures.today()
    costs = Report(today - timedelta(days=COST_DAYS - 1), today).by(lambda row: row.model)
    for one in unpriced:
        known = costs.get(one.key)
        if known is None or known.cost_unknown:
            yield (
                f"The price of {one.key} is not known, so its answers count as free in budgets and costs."
                " Set it in ASKME_MODELS; manage.py model_prices prints prices."
            )


def _has_cost_budget() -> bool:
    if settings.ASKME_COST_PER_DAY or settings.ASKME_SITE_COST_PER_DAY:
        return True
    # Of some people, because no index has the few who have a budget of their own.
    budgets = PersonalSettings.objects.order_by("pk").values_list("cost_per_day", flat=True)
    return any(budgets[:SOME_PEOPLE])
