"""The health check."""

import requests

from tests.support.services import wait_for


def test_healthz_reports_whether_the_database_answers(make_site, postgres):
    site = make_site(DATABASE_URL=postgres.create_database("askme")).start()
    postgres.stop()
    response = requests.get(f"{site.url}/healthz", timeout=20)
    assert (response.status_code, response.text) == (503, "the database does not respond\n")
    postgres.start()
    wait_for(lambda: requests.get(f"{site.url}/healthz", timeout=20).ok, 20, "the database is back")
