"""Run the code of a test on another database than the test run's own."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import environ
from django.core.management import call_command
from django.db import connections


@contextmanager
def migrated(url: str) -> Iterator[None]:
    """For this thread, the default database is the one at this URL, with all tables."""
    alias = f"migrated-{uuid.uuid4().hex}"
    config = environ.Env.db_url_config(url)
    usual = connections["default"]
    connections.settings[alias] = usual.settings_dict | {"OPTIONS": {}, "CONN_HEALTH_CHECKS": False} | config
    try:
        call_command("migrate", database=alias, verbosity=0)
        connections["default"] = connections[alias]
        connections["default"].alias = "default"
        yield
    finally:
        connections["default"].close()
        connections["default"] = usual
        del connections.settings[alias]
