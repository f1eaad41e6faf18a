"""The secrets that Compose creates at its first start, and the password that is not in DATABASE_URL."""

import subprocess
import sys
from pathlib import Path
from stat import S_IMODE

import pytest

from askme import secrets
from askme.server_urls import database_config
from tests.support.compose import create_secrets, services
from tests.support.sites import ROOT, Site


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch):
    for name in secrets.NAMES.values():
        monkeypatch.delenv(name, raising=False)


def read(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_secrets_are_created_once_and_differ(tmp_path):
    secrets.create_secrets(tmp_path)
    first = read(tmp_path)
    assert set(first) == {"secret-key", "postgres-password", "metrics-token"}
    assert len(set(first.values())) == 3
    assert all(len(value) == 64 for value in first.values())
    secrets.create_secrets(tmp_path)
    assert read(tmp_path) == first


def test_only_the_owner_and_the_group_can_read_a_secret(tmp_path):
    secrets.create_secrets(tmp_path)
    assert {S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o440}


def test_what_is_set_replaces_what_was_created_and_stays(tmp_path, monkeypatch):
    secrets.create_secrets(tmp_path)
    before = read(tmp_path)
    monkeypatch.setenv("SECRET_KEY", "chosen by the operator, and long enough")
    secrets.create_secrets(tmp_path)
    after = before | {"secret-key": "chosen by the operator, and long enough"}
    assert read(tmp_path) == after
    monkeypatch.delenv("SECRET_KEY")
    secrets.create_secrets(tmp_path)
    assert read(tmp_path) == after


def test_an_empty_secret_is_replaced(tmp_path):
    (tmp_path / "secret-key").touch()
    (tmp_path / ".secret-key").write_text("hal")  # of a start that was killed
    secrets.create_secrets(tmp_path)
    assert len(read(tmp_path)["secret-key"]) == 64


def test_the_command_of_compose_needs_no_settings_and_no_packages(tmp_path):
    # -S: without the packages that are installed
    command = [sys.executable, "-S", "-m", "askme.secrets", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, env={}, check=True, timeout=30)
    assert set(read(tmp_path)) == set(secrets.NAMES)


def test_the_site_reads_the_secrets_of_compose(tmp_path):
    folder = tmp_path / "secrets"
    folder.mkdir()
    found = services(tmp_path, POSTGRES_PASSWORD="one / with: signs")
    create_secrets(folder, found["secrets"])
    given = found["web"]["environment"]
    environment = {name: value.replace("/secrets/", f"{folder}/") for name, value in given.items()}
    code = "from django.conf import settings as s; print(s.SECRET_KEY, s.DATABASES['default']['PASSWORD'])"
    done = Site(tmp_path, **environment | {"SECRET_KEY": ""}).manage("shell", "--no-imports", "-c", code)
    assert done.stdout.strip() == f"{(folder / 'secret-key').read_text()} one / with: signs"


@pytest.mark.parametrize(
    ("url", "password"),
    [
        ("postgres://askme@postgres:5432/askme", "other"),
        ("postgres://askme:own@postgres:5432/askme", "own"),
        ("sqlite:////srv/askme.sqlite3", ""),
    ],
)
def test_a_database_url_without_a_password_takes_that_of_its_setting(url, password):
    assert (database_config(url, "other").get("PASSWORD") or "") == password
