"""The embedding site as a process: uvicorn, its own database, and a person who is logged in."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import uuid
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest
import requests

from tests.support.api_server import ApiServer
from tests.support.people import Socket
from tests.support.services import free_port, stop_process, wait_for
from tests.support.sites import ROOT

SETTINGS = "tests.embedding.settings"
PASSWORD = "for tests only"
MAKE_USERS = f"""
from django.contrib.auth.models import Permission, User
may_ask = Permission.objects.get(codename="add_answer")
for name in ("alice", "bob"):
    User.objects.create_user(name, password={PASSWORD!r}).user_permissions.add(may_ask)
User.objects.create_user("carol", password={PASSWORD!r})
User.objects.create_superuser("operator", password={PASSWORD!r})
"""


class EmbeddingSite:
    def __init__(self, folder: Path, api, **environment: str) -> None:
        self.folder, self.api, self.port = folder, api, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": SETTINGS,
            "EMBEDDING_DATABASE": str(folder / "embedding.sqlite3"),
            "EMBEDDING_MAIL": str(folder / "mail"),
            "OPENAI_API_KEY": "sk-test",
            "OPENAI_BASE_URL": api.base_url,
            **environment,
        }
        self.process: subprocess.Popen | None = None

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "django", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def prepare(self) -> "EmbeddingSite":
        """Copy a database that is made once in a test run."""
        shutil.copy(_prepared_database(), self.environment["EMBEDDING_DATABASE"])
        return self

    def start(self) -> "EmbeddingSite":
        command = [sys.executable, "-m", "uvicorn", "tests.embedding.asgi:application"]
        command += ["--port", str(self.port), "--log-level", "warning"]
        with (self.folder / "uvicorn.log").open("a") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)
        wait_for(self._responds, 60, f"{self.url} responds")
        return self

    def _responds(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log()
        try:
            return requests.get(f"{self.url}/accounts/login/", timeout=5).ok
        except requests.RequestException:  # nobody listens yet, or the process still loads its modules
            return False

    def log(self) -> str:
        return (self.folder / "uvicorn.log").read_text()

    def mails(self) -> str:
        return "".join(path.read_text() for path in (self.folder / "mail").glob("*"))

    def stored_text(self, answer: str) -> str:
        with closing(sqlite3.connect(self.environment["EMBEDDING_DATABASE"], timeout=20)) as database:
            query = "SELECT text FROM answers_answer WHERE id = ?"
            [(text,)] = database.execute(query, [uuid.UUID(answer).hex])
        return str(text)

    def stop(self) -> None:
        if self.process is not None:
            stop_process(self.process)
            self.process = None

    def log_in(self, name: str) -> "Reader":
        return Reader(self, name)


class Reader:
    """Somebody who has logged in with Django's own form."""

    def __init__(self, site: EmbeddingSite, name: str) -> None:
        self.site, self.http = site, requests.Session()
        login = f"{site.url}/accounts/login/?next=/ask/"
        self.http.get(login).raise_for_status()
        token = self.http.cookies["csrftoken"]
        form = {"username": name, "password": PASSWORD, "csrfmiddlewaretoken": token, "next": "/ask/"}
        self.http.post(login, form, headers={"Referer": login}, allow_redirects=False)
        assert "sessionid" in self.http.cookies
        self.sockets: list[Socket] = []

    def connect(self) -> Socket:
        self.sockets.append(Socket(self.site.url, self.http.cookies.get_dict()))
        return self.sockets[-1]

    def close(self) -> None:
        for socket in self.sockets:
            socket.close()
        self.http.close()


@cache
def _prepared_database() -> str:
    with ApiServer() as api:
        site = EmbeddingSite(Path(tempfile.mkdtemp(prefix="askme-embedding-")), api)
        site.manage("migrate", "-v0")
        site.manage("shell", "-v0", "-c", MAKE_USERS)
        return site.environment["EMBEDDING_DATABASE"]


@pytest.fixture
def make_embedding_site(tmp_path, api_server):
    sites = []

    def make(**environment: str) -> EmbeddingSite:
        sites.append(EmbeddingSite(tmp_path, api_server, **environment))
        return sites[-1].prepare()

    yield make
    for site in sites:
        site.stop()
