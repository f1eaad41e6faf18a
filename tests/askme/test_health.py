"""The health check."""

import pytest
from django.db import OperationalError, connection


@pytest.mark.django_db
def test_healthz_reports_whether_the_database_answers(client, monkeypatch):
    assert client.get("/healthz").content == b"ok\n"

    def fail():
        raise OperationalError("gone")

    monkeypatch.setattr(connection, "cursor", fail)
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (503, b"the database does not respond\n")
