"""Both databases, and answers that end."""

import uuid
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import transaction

from accounts.models import User
from answers.models import Answer, Status
from tests.support.default_database import migrated

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
USED = {
    "model": "small",
    "prompt_tokens": 100,
    "completion_tokens": 20,
    "cached_tokens": 10,
    "reasoning_tokens": 5,
    "cost": Decimal("0.01234567"),
    "first_text_seconds": 0.5,
    "seconds": 2.0,
}


def no_pause(seconds):
    """For `fold`: nobody else needs the time."""


@pytest.fixture(scope="session", params=["SQLite", "PostgreSQL"])
def url(request, tmp_path_factory):
    """Of an empty database, which all these tests share."""
    if request.param == "SQLite":
        return f"sqlite:///{tmp_path_factory.mktemp('usage')}/usage.sqlite3"
    return request.getfixturevalue("postgres_server").create_database(f"usage-{uuid.uuid4().hex}")


@pytest.fixture
def database(url, django_db_setup, django_db_blocker):
    """The test runs on each database, in a transaction that is rolled back."""
    with django_db_blocker.unblock(), migrated(url), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def alice(database):
    return User.objects.create_user("alice")


@pytest.fixture
def bob(database):
    return User.objects.create_user("bob")


@pytest.fixture
def answered():
    """Ask a question and end its answer, with the usage of `USED` unless given."""

    def answered(user, *, asked_at=NOON, status=Status.COMPLETE, **fields):
        row = Answer.objects.ask(user, uuid.uuid4(), "Why?")
        Answer.objects.filter(pk=row.pk).update(status=Status.RUNNING, asked_at=asked_at)
        assert Answer.objects.finish(row.pk, status=status, **(USED | fields))
        return Answer.objects.get(pk=row.pk)

    return answered
