"""Folding: each answer is added to the figures once, however many processes fold, and whatever fails."""

import os
import subprocess
import sys
import uuid
from datetime import timedelta

import pytest
from django.db import DatabaseError

from answers.engine import usage
from answers.engine.usage import fold
from answers.models import DailyUsage, PersonalUsage, UsageLog, figures
from tests.support.services import free_port, wait_for
from tests.support.sites import ROOT
from tests.usage.conftest import NOON, no_pause

DAY = NOON.date()
ENTRIES, MORE, PEOPLE = 1_500, 200, 40
SETUP = f"""
import uuid
from datetime import UTC, datetime, timedelta
from accounts.models import User
from answers.engine.usage import fold
from answers.models import UsageLog
from django.db import connection

if connection.vendor == "sqlite":  # whose lock is not fair: who writes little may wait for long
    connection.settings_dict["OPTIONS"]["timeout"] = 60
    connection.close()

def entry(number):
    return UsageLog(
        answer=uuid.uuid4(), user_id=number % {PEOPLE} + 1, status="complete", model=f"model-{{number % 3}}",
        asked_at=datetime(2026, 3, 10, 12, tzinfo=UTC) + timedelta(days=number % 2),
        prompt_tokens=number, completion_tokens=1, cost="0.00000001", first_text_seconds=number % 5 / 10,
    )
"""
FILL = f"""
User.objects.bulk_create([User(pk=number + 1, username=f"u{{number}}") for number in range({PEOPLE})])
UsageLog.objects.bulk_create([entry(number) for number in range({ENTRIES})])
"""
PRUNED = """
from answers.models import PruneRun
PruneRun.objects.renew()  # or the process would prune at once, which folds too
"""
ADD = f"for number in range({ENTRIES}, {ENTRIES + MORE}): entry(number).save()"
FOLD = "while UsageLog.objects.exists(): fold(lambda seconds: None)"
PRINT = """
from django.db.models import Sum
from answers.models import DailyUsage, PersonalUsage
for model, names in (
    (DailyUsage, ["answers", "people", "prompt_tokens", "completion_tokens", "cost"]),
    (PersonalUsage, ["answers", "prompt_tokens", "completion_tokens", "cost"]),
):
    print("sums:", *[str(round(model.objects.aggregate(sum=Sum(name))["sum"] or 0, 8)) for name in names])
print("first texts:", sum(sum(row.first_text.values()) for row in DailyUsage.objects.all()))
"""


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def site(request, make_site):
    if request.param == "SQLite":
        site = make_site()
    else:
        server = request.getfixturevalue("postgres_server")
        site = make_site(DATABASE_URL=server.create_database(f"fold-{uuid.uuid4().hex}"))
    assert site.manage("migrate", "-v0").returncode == 0
    return site


def start(site, code):
    command = [sys.executable, "manage.py", "shell", "-c", SETUP + code]
    environment = os.environ | site.environment
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def run(*processes):
    outputs = [process.communicate(timeout=100)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), outputs
    return outputs


def test_processes_that_fold_at_once_count_each_answer_once(site):
    run(start(site, FILL))
    run(start(site, FOLD), start(site, ADD), start(site, FOLD), start(site, FOLD))
    [output] = run(start(site, FOLD + PRINT))
    number = ENTRIES + MORE
    tokens, cost = number * (number - 1) // 2, f"{number / 10**8:.8f}"
    sums = [line.split()[1:] for line in output.splitlines() if line.startswith("sums:")]
    # The number of people is even, so each asked on one of the two days only.
    assert sums[0] == [str(number), str(PEOPLE), str(tokens), str(number), cost]
    assert sums[1] == [str(number), str(tokens), str(number), cost]
    assert f"first texts: {number}" in output


def test_a_fold_that_fails_changes_nothing_and_the_next_one_makes_up_for_it(alice, answered, monkeypatch):
    answered(alice)
    before = figures.daily(DAY, DAY)

    def fail(groups):
        raise DatabaseError

    with monkeypatch.context() as patch:
        patch.setattr(type(PersonalUsage.objects.all()), "add", fail)
        with pytest.raises(TypeError):
            fold(no_pause)
    assert not DailyUsage.objects.exists()
    assert figures.daily(DAY, DAY) == before
    assert fold(no_pause) == 1
    assert figures.daily(DAY, DAY) == before


def test_a_fold_leaves_it_to_the_process_that_is_folding(alice, answered, monkeypatch):
    answered(alice)
    with monkeypatch.context() as patch:
        patch.setattr(usage, "_is_alone", lambda: False)
        assert fold(no_pause) == 0
    assert UsageLog.objects.count() == 1


def test_others_get_time_between_two_transactions(alice, answered):
    for _ in range(3):
        answered(alice)
    pauses = []
    fold(pauses.append)
    assert len(pauses) == 1
    assert 0 < pauses[0] < timedelta(minutes=1).total_seconds()


def test_a_running_process_folds_by_itself(make_site, api_server, meet):
    site = make_site(api_server)
    assert site.manage("migrate", "-v0").returncode == 0
    run(start(site, FILL + PRUNED))
    site.ports = [free_port()]  # or it would start with an empty database
    site.start()
    sums = f"sums: {ENTRIES} {PEOPLE}"
    # A fold that does not get SQLite's lock in time is tried again after a minute.
    wait_for(lambda: sums in run(start(site, PRINT))[0], 100, "everything is folded")
    socket = meet(site.url).connect()
    assert socket.finish(socket.ask("And then?"))["status"] == "complete"
