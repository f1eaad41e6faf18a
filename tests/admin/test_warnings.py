"""What stands on top of the operator's pages when something needs attention."""

import shutil
from collections import namedtuple
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from channels.layers import channel_layers
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from accounts.models import User
from answers.admin.warnings import operator_warnings
from answers.engine.model_options import ModelOption, Price
from answers.models import PersonalSettings, Process, PruneRun
from tests.support.services import free_port
from tests.support.usage import log_in_staff, make_usage

pytestmark = pytest.mark.django_db
GB = 1024**3
LUNA = ModelOption(name="luna", label="Fast", effort="low")
PRICE = Price(input=Decimal(1), output=Decimal(2), cached_input=Decimal(1))
NOVA = ModelOption(name="nova", label="Good", price=PRICE)
Disk = namedtuple("Disk", "total used free")


@pytest.fixture(autouse=True)
def nothing_is_wrong(settings, monkeypatch):
    """But for what a test breaks."""
    settings.ASKME_DEMO, settings.ASKME_MODEL = False, "luna"
    disk(monkeypatch, total=100 * GB, free=50 * GB)


def disk(monkeypatch, *, total, free):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Disk(total, total - free, free))


def test_they_stand_on_the_index_the_usage_page_and_now(client, monkeypatch):
    log_in_staff(client, "view_dailyusage", "view_process")
    paths = ("/admin/", "/admin/answers/dailyusage/", "/admin/answers/process/")
    for path in paths:
        assert "messagelist" not in client.get(path).content.decode()
    disk(monkeypatch, total=100 * GB, free=GB)
    for path in paths:
        html = client.get(path).content.decode()
        assert (
            html.count('<li class="warning">The disk of the database is nearly full: 1,024 MB are free.') == 1
        )


def test_without_a_problem_there_is_no_warning():
    assert operator_warnings() == []


@pytest.mark.parametrize(
    ("total", "free", "is_full"),
    [(100, 1.9, True), (100, 2.1, False), (10_000, 3, False), (10, 0.9, True), (10, 1.1, False)],
)
def test_a_disk_that_is_nearly_full(monkeypatch, total, free, is_full):
    disk(monkeypatch, total=total * GB, free=int(free * GB))
    assert bool(operator_warnings()) == is_full


def test_a_disk_that_cannot_be_asked_is_no_reason_for_an_error(monkeypatch):
    def fail(path):
        raise FileNotFoundError

    monkeypatch.setattr(shutil, "disk_usage", fail)
    assert operator_warnings() == []


def test_migrations_that_are_not_applied():
    MigrationRecorder.Migration.objects.filter(app="answers").delete()
    [warning] = operator_warnings()
    assert warning == "The database lacks 1 migration: answers.0001_initial. Run manage.py migrate."


@pytest.fixture
def redis_layer(settings):
    def use(url):
        config = {"BACKEND": "answers.engine.redis_layer.RedisLayer", "CONFIG": {"url": url}}
        settings.CHANNEL_LAYERS = {"default": config}

    before = dict(channel_layers.backends)
    channel_layers.backends.clear()
    yield use
    channel_layers.backends.clear()
    channel_layers.backends.update(before)


def test_redis_that_is_away(redis_layer, redis_url, monkeypatch):
    monkeypatch.setattr("answers.engine.redis_layer.PING_SECONDS", 20)  # of a Redis on a busy machine
    redis_layer(redis_url)
    assert operator_warnings() == []
    channel_layers.backends.clear()
    redis_layer(f"redis://127.0.0.1:{free_port()}")
    [warning] = operator_warnings()
    assert warning.startswith("Redis does not respond.")


def hours_ago(number):
    return None if number is None else timezone.now() - timedelta(hours=number)


@pytest.mark.parametrize(
    ("active", "ended", "warning"),
    [
        (1, 1, ""),
        (2.9, 2.9, ""),
        (4, 4, "The last cleanup (manage.py prune) ended 4 h ago."),
        (0.5, 4, "The last cleanup (manage.py prune) ended 4 h ago."),  # it failed since then
        (0.01, 4, ""),  # it works
        (0.5, None, "The last cleanup (manage.py prune) did not end."),
        (0.01, None, ""),
    ],
)
def test_a_prune_that_is_late_or_failed(active, ended, warning):
    PruneRun.objects.create(active_at=hours_ago(active), ended_at=hours_ago(ended))
    found = operator_warnings()
    assert len(found) == bool(warning)
    assert all(one.startswith(warning) for one in found)


def test_a_prune_that_never_began():
    one = Process.objects.create(heartbeat_at=timezone.now())
    assert operator_warnings() == []
    Process.objects.filter(pk=one.pk).update(started_at=timezone.now() - timedelta(hours=4))
    [warning] = operator_warnings()
    assert warning.startswith("The hourly cleanup (manage.py prune) has not run yet.")


def test_a_model_without_a_price_if_another_has_one(settings):
    settings.ASKME_MODELS = [LUNA, replace(LUNA, label="Other", effort="high")]
    assert operator_warnings() == []
    settings.ASKME_MODELS = [LUNA, NOVA]
    [warning] = operator_warnings()
    assert warning.startswith("The price of luna@low is not known,")


@pytest.mark.parametrize("budget", ["ASKME_COST_PER_DAY", "ASKME_SITE_COST_PER_DAY", "a person's own"])
def test_a_model_without_a_price_if_money_is_limited(settings, budget):
    assert operator_warnings() == []
    if budget.startswith("ASKME"):
        setattr(settings, budget, 5.0)
    else:
        PersonalSettings.objects.create(user=User.objects.create_user("alice"), cost_per_day=5)
    [warning] = operator_warnings()
    assert warning.startswith("The price of luna is not known,")
    settings.ASKME_DEMO = True
    assert operator_warnings() == []


def test_no_price_is_needed_if_the_api_says_the_cost(settings):
    settings.ASKME_COST_PER_DAY = 5.0
    make_usage(1, answers=3, model="luna", cost="0.5")
    assert operator_warnings() == []
    make_usage(0, answers=3, model="luna", cost="0.5", cost_unknown=1)
    assert len(operator_warnings()) == 1
