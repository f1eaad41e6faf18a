"""Compose's file: Docker Compose itself reads it, and what it says is run here as plain processes.

There is no Docker engine: the folder stands for the image, a real Redis and PostgreSQL for the services.
"""

import http.client
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests.api_server import stall
from tests.people import Person
from tests.services import Postgres, free_port, stop_process, wait_for

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = str(Path(sys.executable).parent)
REQUIRED = {"SECRET_KEY": "a-key-for-tests", "POSTGRES_PASSWORD": Postgres.password}
COMPOSE_ONLY = {"POSTGRES_PASSWORD", "PUBLISH"}
START_SECONDS = 30


def compose(folder: Path, command: str, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """`docker compose COMMAND` on our file beside a `.env` of these variables, and with no others."""
    shutil.copy(ROOT / "docker-compose.yml", folder)
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
    return subprocess.run(
        [f"{PROGRAMS}/docker-compose", *command.split()],
        cwd=folder,
        env={"PATH": PROGRAMS, "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=30,
    )


def services(folder: Path, **variables: str) -> dict[str, dict]:
    result = compose(folder, "config --format json", REQUIRED | variables)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)["services"]
    for service in found.values():  # a `$` in a value comes out doubled
        service["environment"] = {
            name: value.replace("$$", "$") for name, value in service.get("environment", {}).items()
        }
    return found


def dockerfile(instruction: str) -> str:
    """What follows the instruction in the Dockerfile."""
    found = re.search(rf"^ *{instruction} +(.*)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert found, f"the Dockerfile has no {instruction}"
    return found[1]


# -- The file


@pytest.mark.parametrize("missing", sorted(REQUIRED))
def test_compose_says_what_to_write_when_a_required_setting_is_missing(tmp_path, missing):
    result = compose(tmp_path, "config --quiet", REQUIRED | {missing: ""})
    assert result.returncode != 0
    assert f"Write {missing}=... into .env" in result.stderr


def test_compose_accepts_the_file_with_the_required_settings_alone(tmp_path):
    result = compose(tmp_path, "config --quiet", REQUIRED)
    assert (result.returncode, result.stderr) == (0, "")


def test_every_setting_in_env_reaches_web_and_migrate(tmp_path):
    given = {
        "OPENAI_API_KEY_FILE": "/run/secrets/key",
        "ASKME_MODEL": "a-model",
        "ALLOWED_HOSTS": "a.example",
    }
    for name in ("web", "migrate"):
        environment = services(tmp_path, **given)[name]["environment"]
        assert given.items() <= environment.items()
        assert environment["SECRET_KEY"] == REQUIRED["SECRET_KEY"]


def test_env_cannot_switch_on_what_is_only_for_development(tmp_path):
    environment = services(tmp_path, DEBUG="true", DATABASE_URL="sqlite://:memory:")["web"]["environment"]
    assert environment["DEBUG"] == "false"
    assert environment["DATABASE_URL"].startswith("postgres://")


def test_the_site_is_published_on_loopback_unless_told_otherwise(tmp_path):
    (port,) = services(tmp_path)["web"]["ports"]
    assert (port["host_ip"], port["published"], port["target"]) == ("127.0.0.1", "8000", 8000)
    (port,) = services(tmp_path, PUBLISH="127.0.0.1:8000-8009")["web"]["ports"]
    assert port["published"] == "8000-8009"


def test_images_are_pinned_to_a_version(tmp_path):
    images = {service["image"] for service in services(tmp_path).values()} - {"askme"}
    for image in images | {dockerfile("FROM")}:
        assert re.fullmatch(r"[\w/.-]+:\d[\w.-]*", image), image


def test_every_lasting_service_is_restarted_and_health_checked(tmp_path):
    found = services(tmp_path)
    assert found.pop("migrate")["restart"] == "no"
    for name, service in found.items():
        assert service["restart"] == "unless-stopped"
        # Without one of its own a service has its image's.
        assert service["healthcheck"]["test"] if name != "web" else dockerfile("HEALTHCHECK")


def test_web_waits_for_migrations_and_for_its_services(tmp_path):
    waits = {name: wait["condition"] for name, wait in services(tmp_path)["web"]["depends_on"].items()}
    assert waits == {
        "migrate": "service_completed_successfully",
        "postgres": "service_healthy",
        "redis": "service_healthy",
    }


# -- .env.example


def example_variables() -> dict[str, str]:
    text = (ROOT / ".env.example").read_text()
    return dict(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=(.*)$", text, re.MULTILINE))


def test_env_example_names_exactly_the_settings_that_are_read():
    names = re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert sorted(names) == sorted(settings.ENVIRONMENT_NAMES | COMPOSE_ONLY)


def settings_read_from(env_file: str) -> dict:
    code = (
        "import json, askme.settings as s; assert not s.ENVIRONMENT_PROBLEMS, s.ENVIRONMENT_PROBLEMS;"
        "found = {n: getattr(s, n) for n in dir(s) if n.isupper() and n != 'ENVIRONMENT_NAMES'};"
        "print(json.dumps(found, default=lambda v: sorted(v) if isinstance(v, set) else str(v)))"
    )
    environment = {"PATH": PROGRAMS, "ENV_FILE": env_file}
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_env_example_shows_the_defaults(tmp_path):
    spelled_out = tmp_path / "env"
    spelled_out.write_text("".join(f"{name}={value}\n" for name, value in example_variables().items()))
    assert settings_read_from(str(spelled_out)) == settings_read_from("")


# -- What it runs


@pytest.fixture(scope="module")
def image(tmp_path_factory) -> Path:
    """A folder with what the image's `/app` has: what .dockerignore lets in, and collected static files."""
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
    """Compose's services as processes: each command and environment as in the file, on loopback."""

    def __init__(self, folder: Path, image: Path, database_url: str, redis_url: str) -> None:
        self.folder, self.image = folder, image
        self.addresses = {
            f"postgres://askme:{Postgres.password}@postgres:5432/askme": database_url,
            "redis://redis:6379/0": redis_url,
        }
        self.web: dict[int, subprocess.Popen[bytes]] = {}
        self.grace_seconds = float(services(folder)["web"]["stop_grace_period"].removesuffix("s"))

    def environment(self, service: str, **variables: str) -> dict[str, str]:
        given = services(self.folder, **variables)[service]["environment"]
        mapped = {name: self.addresses.get(value, value) for name, value in given.items()}
        return mapped | {"PATH": PROGRAMS, "PYTHONUNBUFFERED": "1"}

    def migrate(self) -> None:
        command = services(self.folder)["migrate"]["command"]
        subprocess.run(command, cwd=self.image, env=self.environment("migrate"), check=True, timeout=60)

    def start_web(self, **variables: str) -> int:
        """One more replica; returns its port when the image's health check is content with it."""
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


def test_two_web_processes_serve_the_site_and_end_within_the_grace_period(deployment):
    # Whatever names the operator writes, the health check must call the site by one of them.
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


def test_an_answer_asked_of_one_web_process_is_followed_and_stopped_through_another(deployment, api_server):
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
    assert "x\ufffdy é🎈" in person.http.get(f"{there}/a/{id}/").text
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
        "answers",
        "askme",
        "locale",
        "templates",
        "manage.py",
        "requirements.txt",
        "constraints.txt",
        "staticfiles",
    }
    assert "click" not in shlex.split((image / "requirements.txt").read_text(), comments=True)
