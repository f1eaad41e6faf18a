"""The services of docker-compose.yml, run as plain processes.

There is no Docker engine. A folder stands in for the image, and a real Redis and PostgreSQL for the services.
"""

import http.client
import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.api_server import stall
from tests.support.compose import PROGRAMS, create_secrets, dockerfile, services
from tests.support.people import Person
from tests.support.services import Postgres, free_port, stop_process, wait_for
from tests.support.sites import ROOT

START_SECONDS = 30


@pytest.fixture(scope="module")
def image(tmp_path_factory) -> Path:
    """A folder with the content of the image's `/app`: what .dockerignore allows, and static files."""
    folder = tmp_path_factory.mktemp("image")
    for line in (ROOT / ".dockerignore").read_text().split():
        source = ROOT / line.removeprefix("!")
        if line.startswith("!") and source.is_dir():
            shutil.copytree(source, folder / source.name, ignore=shutil.ignore_patterns("__pycache__"))
        elif line.startswith("!"):
            shutil.copy(source, folder)
    step = dockerfile("RUN(?= SECRET_KEY)").removesuffix("\\")
    subprocess.run(step, shell=True, check=True, cwd=folder, env={"PATH": f"{PROGRAMS}:{os.defpath}"})
    shutil.rmtree(folder / "var")
    return folder


class Deployment:
    """Compose's services as processes on loopback, with each command and environment from the file."""

    def __init__(self, folder: Path, image: Path, database_url: str, redis_url: str) -> None:
        self.folder, self.image = folder, image
        self.secrets = folder / "secrets"
        self.secrets.mkdir()
        create_secrets(self.secrets, services(folder, POSTGRES_PASSWORD=Postgres.password)["secrets"])
        self.addresses = {
            "postgres://askme@postgres:5432/askme": database_url.replace(f":{Postgres.password}@", "@"),
            "redis://redis:6379/0": redis_url,
        }
        self.web: dict[int, subprocess.Popen[bytes]] = {}
        self.grace_seconds = float(services(folder)["web"]["stop_grace_period"].removesuffix("s"))

    def environment(self, service: str, **variables: str) -> dict[str, str]:
        given = services(self.folder, **variables)[service]["environment"]
        mapped = {
            name: self.addresses.get(value, value).replace("/secrets/", f"{self.secrets}/")
            for name, value in given.items()
        }
        return mapped | {"PATH": PROGRAMS, "PYTHONUNBUFFERED": "1"}

    def migrate(self) -> None:
        command = services(self.folder)["migrate"]["command"]
        subprocess.run(command, cwd=self.image, env=self.environment("migrate"), check=True, timeout=60)

    def start_web(self, **variables: str) -> int:
        """Start one more replica. Return its port once the image's health check succeeds."""
        port = free_port()
        addresses = {"0.0.0.0": "127.0.0.1", "8000": str(port)}
        command = [addresses.get(word, word) for word in json.loads(dockerfile("CMD(?= ..daphne)"))]
        environment = self.environment("web", **variables)
        self.web[port] = process = subprocess.Popen(command, cwd=self.image, env=environment)

        def healthy() -> bool:
            assert process.poll() is None, f"web ended with {process.returncode}"
            return self.health_check(port, environment)

        wait_for(healthy, START_SECONDS, f"the health check of web on port {port}")
        return port

    def health_check(self, port: int, environment: dict[str, str]) -> bool:
        command = json.loads(dockerfile("CMD(?= ..python)"))
        command = [word.replace("8000", str(port)) for word in command]
        return subprocess.run(command, env=environment, capture_output=True, timeout=5).returncode == 0

    def stop_web(self, port: int) -> int:
        return stop_process(self.web.pop(port), seconds=self.grace_seconds)

    def close(self) -> None:
        for port in list(self.web):
            self.stop_web(port)


@pytest.fixture
def deployment(tmp_path, image, postgres_server, redis_url) -> Iterator[Deployment]:
    database_url = postgres_server.create_database(f"compose-{free_port()}")
    running = Deployment(tmp_path, image, database_url, redis_url)
    running.migrate()
    yield running
    running.close()


def get(port: int, path: str, host: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers={"Host": host})
    response = connection.getresponse()
    response.body = response.read().decode()  # type: ignore[attr-defined]
    connection.close()
    return response


def test_two_web_processes_serve_the_site_and_stop_within_the_grace_period(deployment):
    # Whatever host names the operator configures, the health check must use one of them.
    hosts = {
        deployment.start_web(ALLOWED_HOSTS="ask.example,www.ask.example"): "www.ask.example",
        deployment.start_web(ALLOWED_HOSTS=".ask.example"): "any.ask.example",
    }
    for port, host in hosts.items():
        for path in ("/", "/accounts/login/"):
            page = get(port, path, host)
            assert page.status == 200
            (sheet, *_) = re.findall(r'href="(/static/[^"]+\.[0-9a-f]{12}\.css)"', page.body)
            static = get(port, sheet, host)
            assert static.status == 200
            assert "immutable" in static.headers["Cache-Control"]
        assert get(port, "/", "evil.example").status == 400
    for port in hosts:
        assert deployment.stop_web(port) == 0


def test_an_answer_of_one_web_process_can_be_followed_and_stopped_through_another(deployment, api_server):
    variables = {"OPENAI_BASE_URL": api_server.base_url, "ASKME_MODEL": "test"}
    here, there = (f"http://127.0.0.1:{deployment.start_web(**variables)}" for _ in range(2))
    api_server.behaviour = stall(["x\0y ", "é🎈 "])
    person = Person(here)
    near, far = person.connect(), person.connect(there)
    id = near.ask("Where?")
    near.read_text(id, "é🎈 ")
    far.follow(id)
    far.read_text(id, "é🎈 ")
    far.stop(id)
    assert near.finish(id)["status"] == far.finish(id)["status"] == "stopped"
    assert near.texts == far.texts == {id: "x\ufffdy é🎈 "}
    assert "x\ufffdy é&#x1f388;" in person.http.get(f"{there}/a/{id}/").text
    person.close()


def test_the_health_check_fails_when_the_database_is_gone(deployment, postgres_server):
    port = deployment.start_web()
    environment = deployment.environment("web")
    _, _, name = environment["DATABASE_URL"].rpartition("/")
    postgres_server.drop_database(name)
    assert not deployment.health_check(port, environment)


def test_the_image_has_no_secret_and_no_database(image):
    names = {path.name for path in image.iterdir()}
    assert names == {
        "accounts",
        "completions",
        "answers",
        "askme",
        "locale",
        "templates",
        "manage.py",
        "requirements.txt",
        "staticfiles",
    }
    assert "click" not in shlex.split((image / "requirements.txt").read_text(), comments=True)
