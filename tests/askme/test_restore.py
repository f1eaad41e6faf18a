"""What docs/operating.md says about backing up and restoring, followed literally: afterwards the site works.

Only the servers are others: a real PostgreSQL and real processes stand in for Compose's services.
"""

import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.api_server import ApiServer
from tests.support.backups import Backup
from tests.support.documented import blocks, section
from tests.support.forms import Somebody
from tests.support.services import Postgres
from tests.support.sites import Site

DOCUMENT = "docs/operating.md"
DUMP = re.compile(r"askme-[\d-]+T[\d.]+Z\.(?:dump|sqlite3)")


def block_with(title: str, word: str) -> list[str]:
    """Return the first block of commands in this section that contains the word."""
    return next(block for block in blocks(section(DOCUMENT, title)) if word in " ".join(block))


class ComposeCommands:
    """Docker Compose's commands for a site whose services run as plain processes."""

    def __init__(self, site: Site, server: Postgres, folder: Path) -> None:
        self.site, self.server = site, server
        self.backup = Backup(server, folder, "askme")

    def follow(self, commands: list[str]) -> None:
        for command in commands:
            words, _, file = command.partition(" < ")
            self._run(shlex.split(DUMP.sub(self._dump, words)), DUMP.sub(self._dump, file))

    def _dump(self, _: re.Match) -> str:
        [name] = self.backup.names()
        return name

    def _run(self, words: list[str], file: str) -> None:
        match words:
            case ["docker", "compose", "stop", "web", "backup"]:
                self.site.stop()
            case ["docker", "compose", "up", "-d"]:
                assert self.site.manage("migrate", "-v0").returncode == 0
                self.site.start()
            case ["docker", "compose", "up", "-d", "--wait", "postgres"]:
                self.server.create_database("askme")  # which the image does at its first start
            case ["docker", "compose", "exec", "postgres", program, *arguments]:
                path = self.server.programs / program
                subprocess.run([path, *arguments], env=self.backup.environment | self._password(), check=True)
            case ["docker", "compose", "run", *options, "backup", "now" | "restore" as verb]:
                assert options == ["--rm", "--no-deps"] or (file and "--no-TTY" in options)
                self._backup([verb], file)
            case ["docker", "compose", "run", "--rm", "--no-deps", "backup", "restore", name]:
                self._backup(["restore", name], "")
            case _:
                raise AssertionError(f"nothing follows {words}")

    def _password(self) -> dict[str, str]:
        return {"PGPASSWORD": self.server.password}  # in the container, its own socket needs none

    def _backup(self, arguments: list[str], file: str) -> None:
        done = self.backup.run(*arguments, **({"stdin": self.backup.folder / file} if file else {}))
        assert done.returncode == 0, done.stderr


@contextmanager
def somebody(site: Site, *, is_new: bool = False) -> Iterator[Somebody]:
    """Alice, who signs up or logs in."""
    alice = Somebody(site.url)
    if is_new:
        alice.sign_up()
    else:
        alice.log_in()
    yield alice
    alice.close()


def asks(site: Site, question: str, *, is_new: bool = False) -> str:
    """Return the id of the answer."""
    with somebody(site, is_new=is_new) as alice:
        return alice.asks(question)


def reads(site: Site, answer: str) -> bool:
    with somebody(site) as alice:
        return alice.reads(answer)


def assert_is_restored(site: Site, answer: str) -> None:
    """Log in, find the question, and ask another."""
    stranger = Somebody(site.url)
    assert not stranger.reads(answer)
    stranger.close()
    with somebody(site) as alice:
        assert alice.reads(answer)
        found = alice.http.get(f"{site.url}/history/", params={"q": "swallows"}).text
        assert "Where do swallows winter?" in re.sub(r"</?mark>", "", found)
        assert "Where do" not in alice.http.get(f"{site.url}/history/", params={"q": "penguins"}).text
        alice.asks("And where do they nest?")


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder


def test_a_site_on_postgresql_is_restored_on_the_same_machine_and_on_a_new_one(folder, postgres, tmp_path):
    with ApiServer() as api:
        site = Site(tmp_path, api, DATABASE_URL=postgres.create_database("askme"))
        here = ComposeCommands(site, postgres, folder)
        try:
            answer = asks(site.start(), "Where do swallows winter?", is_new=True)
            here.follow(block_with("PostgreSQL", "backup now")[:1])  # while the site runs
            later = asks(site, "And storks?")
            here.follow(block_with("PostgreSQL", "ALTER DATABASE"))
            assert_is_restored(site, answer)
            assert not reads(site, later), "it was asked after the dump"
            here.follow(block_with("PostgreSQL", "dropdb"))

            site.stop()  # and everything but the dump is gone
            postgres.drop_database("askme")
            here.follow(block_with("PostgreSQL", "--no-TTY"))
            assert_is_restored(site, answer)
        finally:
            site.stop()


def test_a_site_on_sqlite_is_restored(folder, tmp_path):
    (tmp_path / "var").mkdir()
    with ApiServer() as api:
        site = Site(tmp_path, api, DATABASE_URL=f"sqlite:///{tmp_path}/var/askme.sqlite3")

        def follow(commands: list[str]) -> None:
            for command in commands:
                command = command.replace("/srv/askme-backups", str(folder))
                command = DUMP.sub(lambda _: next(folder.iterdir()).name, command)
                if " manage.py " in command:
                    done = site.manage(*shlex.split(command)[2:])
                    assert done.returncode == 0, done.stderr
                elif command == "make run":
                    site.start()
                else:
                    subprocess.run(command, shell=True, check=True, cwd=tmp_path)

        try:
            answer = asks(site.start(), "Where do swallows winter?", is_new=True)
            # While the site runs: what was asked last is in the write-ahead log, not in the file.
            follow(block_with("SQLite", "manage.py backup"))
            later = asks(site, "And storks?")
            site.stop()
            follow(block_with("SQLite", "make run"))
            assert_is_restored(site, answer)
            assert not reads(site, later), "it was asked after the copy"
        finally:
            site.stop()
