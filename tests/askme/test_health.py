"""The health check."""

import pytest
from django.db import connection


@pytest.mark.django_db
def test_healthz_reports_whether_the_database_answers(client, monkeypatch):
    assert client.get("/healthz").content == b"ok\n"
    monkeypatch.setattr(connection, "cursor", lambda: 1 / 0)
    client.raise_request_exception = False
    assert client.get("/healthz").status_code == 500
