"""The hourly prune of running processes: one of them does it, and nobody waits for it."""

import json
import re
import uuid

import pytest

from tests.support.services import free_port, wait_for
from tests.support.sites import Site

OLD_ENTRIES = """
from datetime import timedelta
from django.utils import timezone
from answers.models import PruneRun, QuestionLog
PruneRun.objects.all().delete()
QuestionLog.objects.bulk_create([QuestionLog() for _ in range({rows})], batch_size=10_000)
QuestionLog.objects.update(asked_at=timezone.now() - timedelta(days=2))
"""
LEFT = "from answers.models import QuestionLog; print('left:', QuestionLog.objects.count())"
# At each pause, another writer must get SQLite's lock at once.
PRUNE_WITH_PAUSES = """
import json, sqlite3, time
from django.core.management import call_command
other = sqlite3.connect("{path}", timeout=0, isolation_level=None)
found = []
def pause(seconds):
    other.execute("BEGIN IMMEDIATE")
    [(left,)] = other.execute("SELECT count(*) FROM answers_questionlog").fetchall()
    other.execute("COMMIT")
    found.append((left, seconds))
time.sleep = pause
call_command("prune")
print(json.dumps(found))
"""
AN_HOUR_AGO = """
from datetime import timedelta
from django.db.models import F
from answers.models import PruneRun
PruneRun.objects.update(active_at=F("active_at") - timedelta(hours=1))
"""


def run(site, code):
    done = site.manage("shell", "-c", code)
    assert done.returncode == 0, done.stderr
    return done.stdout


def left(site):
    return int(run(site, LEFT).partition("left: ")[2])


def prunes(site):
    return re.findall(r"pruned: (.*)", site.log())


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def three(request, make_site, api_server):
    """A site of three processes that has not started yet."""
    database = {}
    if request.param == "PostgreSQL":
        server = request.getfixturevalue("postgres_server")
        database = {"DATABASE_URL": server.create_database(f"prune-{uuid.uuid4().hex}")}
    redis = {"REDIS_URL": request.getfixturevalue("redis_url")}
    site = make_site(api_server, **database, **redis)
    assert site.manage("migrate", "-v0").returncode == 0
    run(site, OLD_ENTRIES.format(rows=3_000))
    site.ports = [free_port() for _ in range(3)]  # or it would start with an empty database
    return site


def test_one_of_several_processes_prunes_and_only_once_an_hour(three):
    site = three.start()
    wait_for(lambda: prunes(site), 20, "a process has pruned")
    assert left(site) == 0
    assert prunes(site) == ["question log entries: 3,000"]
    site.stop()
    run(site, "from answers.models import QuestionLog; QuestionLog.objects.create()")
    site.start()  # none of the new processes does it again
    people_can_ask(site)
    site.stop()
    assert len(prunes(site)) == 1
    run(site, OLD_ENTRIES.format(rows=5).replace("PruneRun.objects.all().delete()", ""))
    run(site, AN_HOUR_AGO)
    site.start()
    wait_for(lambda: len(prunes(site)) == 2, 20, "an hour later, a process prunes again")
    assert "question log entries: 7" in prunes(site)


def people_can_ask(site):
    from tests.support.people import Person

    person = Person(site.url)
    socket = person.connect()
    assert socket.finish(socket.ask("Hello?"))["status"] == "complete"
    person.close()


def test_other_writers_do_not_wait_for_a_large_prune(tmp_path):
    """One statement would keep them waiting for all of it."""
    site = Site(tmp_path)
    assert site.manage("migrate", "-v0").returncode == 0
    run(site, OLD_ENTRIES.format(rows=60_000))
    found = json.loads(run(site, PRUNE_WITH_PAUSES.format(path=tmp_path / "site.sqlite3")).splitlines()[-1])
    during = [left for left, _ in found if 0 < left < 60_000]
    assert len(during) > 10  # they had their turns between its transactions
    assert all(seconds > 0 for _, seconds in found)  # in which it waits for as long as it has worked
    assert left(site) == 0
