"""Django's development server serves the page, its websocket and its form."""

import os
import subprocess
import sys

from tests.support.services import stop_process, wait_for
from tests.support.sites import ROOT


def test_runserver_answers_over_the_websocket_and_without_javascript(make_site, api_server, meet):
    site = make_site(api_server)
    site.start().stop()  # migrated, with a port of its own
    command = [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{site.ports[0]}"]
    with (site.folder / "runserver.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | site.environment, stdout=log, stderr=log
        )
    try:
        wait_for(lambda: site._answers(process, site.url), 60, "runserver responds")
        person = meet(site.url)
        page = person.connect()
        assert page.finish(page.ask("Why?"))["status"] == "complete"
        form = {"question": "Why not?", "csrfmiddlewaretoken": person.http.cookies["csrftoken"]}
        answer = person.http.post(f"{site.url}/ask/", form, headers={"Referer": site.url})
        assert answer.ok
        assert "Why not?" in answer.text
    finally:
        stop_process(process)
