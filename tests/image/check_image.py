"""What the built image contains, and that it runs with commands and environment of docker-compose.yml."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from websockets.exceptions import ConnectionClosed

from tests.image.built import Image, build, make_base
from tests.support.api_server import stall
from tests.support.compose import services
from tests.support.people import Person
from tests.support.services import Postgres, free_port, wait_for
from tests.support.sites import ROOT


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    make_base(tmp_path_factory.mktemp("debian"))
    build()
    with Image(tmp_path_factory.mktemp("volumes")) as built:
        yield built


def test_the_image_says_how_it_runs(image: Image) -> None:
    config = image.config
    assert config["User"] == "10001:10001"
    assert config["StopSignal"] == "SIGTERM"
    assert set(config["ExposedPorts"]) == {"8000/tcp"}
    assert config["Cmd"][0] == "daphne"
    assert not config["Entrypoint"]
    assert "/readyz" in config["Healthcheck"]["Test"][-1]
    labels = {
        name.removeprefix("org.opencontainers.image."): value for name, value in config["Labels"].items()
    }
    assert labels["title"] == "askme"
    assert labels["version"] == "0.1.0"
    assert not [line for line in config["Env"] if "SECRET" in line or "PASSWORD" in line]


def test_the_image_has_the_site_and_nothing_else(image: Image) -> None:
    names = {path.name for path in (image.rootfs / "app").iterdir()} - {"__pycache__"}
    site = {"accounts", "answers", "askme", "completions", "locale", "manage.py", "templates"}
    assert names == site | {"staticfiles", "var"}
    assert list((image.rootfs / "app/var").iterdir()) == []
    packages = image.rootfs / "venv/lib/python3.13/site-packages"
    assert not {path.name for path in packages.iterdir()} & {"pip", "pytest", "minify", "ruff"}
    # Only its own user's folders can be written by that user.
    files = itertools.chain((image.rootfs / "app").rglob("*"), (image.rootfs / "venv").rglob("*"))
    assert [path for path in files if path.lstat().st_uid != 0] == [image.rootfs / "app/var"]


def test_the_image_does_not_grow_unnoticed(image: Image) -> None:
    """README says what packages and the site take, static files included."""
    said = re.search(r"The image is\s+(\d+) MB\s+larger", (ROOT / "README.md").read_text())
    assert said
    assert abs(image.megabytes("app", "venv") - int(said[1])) <= 10


def test_it_runs_read_only_without_rights_and_drains_after_sigterm(
    image: Image, tmp_path: Path, api_server, postgres_server: Postgres, redis_url: str
) -> None:
    settings = {"OPENAI_BASE_URL": api_server.base_url, "ASKME_MODEL": "test", "ASKME_CHECK_MODELS": "false"}
    found = services(tmp_path, POSTGRES_PASSWORD=Postgres.password, **settings)
    image.output(found["secrets"]["command"], **found["secrets"]["environment"])
    assert {path.name for path in (image.folder / "secrets").iterdir()} == {
        "secret-key",
        "postgres-password",
        "metrics-token",
    }
    database_url = postgres_server.create_database("image").replace(f":{Postgres.password}@", "@")
    environment = found["web"]["environment"] | {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
    image.output(found["migrate"]["command"], **environment)

    port = str(free_port())
    addresses = {"0.0.0.0": "127.0.0.1", "8000": port}
    process = image.start([addresses.get(word, word) for word in image.config["Cmd"]], **environment)
    check = [word.replace("8000", port) for word in image.config["Healthcheck"]["Test"][1:]]

    def is_healthy() -> bool:
        assert process.poll() is None, process.communicate()
        tried = image.start(check)
        tried.communicate()
        return tried.returncode == 0

    wait_for(is_healthy, 60, "the health check of the image")
    status = Path(f"/proc/{process.pid}/status").read_text()
    assert re.search(r"^Uid:\t10001\t10001\t", status, re.MULTILINE)
    assert re.search(r"^CapBnd:\t0+$", status, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\t1$", status, re.MULTILINE)

    person = Person(f"http://127.0.0.1:{port}")
    sheet = re.search(r'href="(/static/[^"]+\.css)"', person.http.get(person.url).text)
    assert sheet
    assert person.http.get(person.url + sheet[1]).status_code == 200
    api_server.behaviour = stall(["So far. "])
    page = person.connect()
    answer = page.ask("Is this read-only?")
    page.read_text(answer, "So far. ")
    process.terminate()
    with pytest.raises(ConnectionClosed):
        page.read_until("never")
    assert process.poll() is None
    api_server.release()
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 0, output
    with psycopg.connect(postgres_server.url("image")) as database:
        row = database.execute("SELECT status, text FROM answers_answer").fetchone()
    assert row == ("complete", "So far. ")
    person.close()


def test_nothing_can_be_written_but_the_volumes(image: Image) -> None:
    code = """
import os
for folder in ("/", "/app", "/venv", "/etc", "/usr/bin", "/home"):
    try:
        open(os.path.join(folder, "x"), "w")
    except OSError as error:
        print(folder, error.strerror)
"""
    output = image.output(["python", "-c", code])
    assert output.count("Read-only file system") == 6, output
