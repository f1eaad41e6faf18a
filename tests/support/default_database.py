"""Run the code of a test on another database than the test run's own."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import environ
import pytest
from django.core.management import call_command
from django.db import connections


class EmptyDatabase(NamedTuple):
    name: str  # SQLite or PostgreSQL
    url: str


@pytest.fixture(scope="module", params=["SQLite", "PostgreSQL"])
def each_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, django_db_setup: None
) -> EmptyDatabase:
    """One of each kind, for `migrated`. It needs `django_db_blocker.unblock()` too."""
    if request.param == "PostgreSQL":
        server = request.getfixturevalue("postgres_server")
        return EmptyDatabase(request.param, server.create_database(f"each-{uuid.uuid4().hex}"))
    return EmptyDatabase(request.param, f"sqlite:///{tmp_path_factory.mktemp('each')}/each.sqlite3")


_migrated: set[str] = set()  # databases of this test process, which have all tables


@contextmanager
def migrated(url: str) -> Iterator[None]:
    """For this thread, the default database is the one at this URL, with all tables."""
    alias = f"migrated-{uuid.uuid4().hex}"
    config = environ.Env.db_url_config(url)
    usual = connections["default"]
    connections.settings[alias] = usual.settings_dict | {"OPTIONS": {}, "CONN_HEALTH_CHECKS": False} | config
    try:
        if url not in _migrated:
            call_command("migrate", database=alias, verbosity=0)  # slow even with nothing to do
            _migrated.add(url)
        connections["default"] = connections[alias]
        connections["default"].alias = "default"
        yield
    finally:
        connections["default"].close()
        connections["default"] = usual
        del connections.settings[alias]
