"""What is backed up can be restored: deploy/backup.sh for PostgreSQL, `manage.py backup` for SQLite."""

import os
import re
import shutil
import sqlite3
import subprocess
import time
import uuid
from pathlib import Path

import psycopg
import pytest

from tests.support.api_server import ApiServer
from tests.support.forms import Somebody
from tests.support.services import Postgres, stop_process, wait_for
from tests.support.sites import ROOT, Site

SCRIPT = ROOT / "deploy" / "backup.sh"
OLD = time.time() - 15 * 24 * 3600


class Backup:
    """deploy/backup.sh as the Compose service runs it, with a folder of its own in place of /backups."""

    def __init__(self, server: Postgres, folder: Path, database: str, **variables: str) -> None:
        self.folder = folder
        secret = folder.parent / "postgres-password"
        secret.write_text(f"{server.password}\n")
        self.environment = {
            "PATH": f"{server.programs}:{os.defpath}",
            "PGHOST": "127.0.0.1",
            "PGPORT": str(server.port),
            "PGUSER": "askme",
            "PGDATABASE": database,
            "POSTGRES_PASSWORD_FILE": str(secret),
            "BACKUP_FOLDER": str(folder),
            **variables,
        }

    def run(self, *arguments: str, stdin: Path = Path(os.devnull)) -> subprocess.CompletedProcess:
        with stdin.open() as file:
            command = ["sh", str(SCRIPT), *arguments]
            return subprocess.run(
                command, env=self.environment, stdin=file, capture_output=True, text=True, timeout=60
            )

    def start(self) -> subprocess.Popen:
        return subprocess.Popen(["sh", str(SCRIPT)], env=self.environment, stderr=subprocess.DEVNULL)

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def small_database(postgres_server):
    """The name of a database with one table."""
    name = f"small-{uuid.uuid4().hex}"
    with psycopg.connect(postgres_server.create_database(name)) as connection:
        connection.execute("CREATE TABLE note AS SELECT 'kept' AS text")
    return name


def aged(folder: Path, name: str) -> Path:
    """Return a file that was written 15 days ago."""
    path = folder / name
    path.touch()
    os.utime(path, (OLD, OLD))
    return path


# -- The way back: everything is there, and the site works


def use_the_site(site: Site) -> str:
    """Sign up and ask. Return the answer's id."""
    alice = Somebody(site.url)
    alice.sign_up()
    answer = alice.asks("Where do swallows winter?")
    alice.close()
    return answer


def assert_is_restored(site: Site, answer: str) -> None:
    alice = Somebody(site.url)
    assert not alice.reads(answer)
    alice.log_in()
    assert alice.reads(answer)
    found = alice.http.get(f"{site.url}/history/", params={"q": "swallows"}).text
    assert "Where do swallows winter?" in re.sub(r"</?mark>", "", found)
    assert "Where do" not in alice.http.get(f"{site.url}/history/", params={"q": "penguins"}).text
    alice.asks("And where do they nest?")
    alice.close()


def test_a_restored_dump_of_postgresql_is_a_site_that_works(folder, postgres_server, tmp_path):
    lost, new = (f"{word}-{uuid.uuid4().hex}" for word in ("lost", "new"))
    with ApiServer() as api:
        site = Site(tmp_path, api, DATABASE_URL=postgres_server.create_database(lost))
        try:
            answer = use_the_site(site.start())
            done = Backup(postgres_server, folder, lost).run("now")  # while the site runs
            assert done.returncode == 0, done.stderr
            site.stop()
            postgres_server.drop_database(lost)

            site.environment["DATABASE_URL"] = postgres_server.create_database(new)
            backup = Backup(postgres_server, folder, new)
            done = backup.run("restore", *backup.names())
            assert (done.returncode, done.stderr[-9:]) == (0, "restored\n"), done.stderr
            migrated = site.manage("migrate", "--check")
            assert migrated.returncode == 0, migrated.stdout
            assert_is_restored(site.start(), answer)
        finally:
            site.stop()


def test_a_restored_copy_of_sqlite_is_a_site_that_works(folder, tmp_path):
    with ApiServer() as api:
        site = Site(tmp_path, api)
        try:
            answer = use_the_site(site.start())
            # While the site runs: what was asked last is still in the write-ahead log, not in the file.
            done = site.manage("backup", str(folder))
            assert done.returncode == 0, done.stderr
            site.stop()
            database = tmp_path / "site.sqlite3"
            for suffix in ("", "-wal", "-shm"):
                database.with_name(database.name + suffix).unlink(missing_ok=True)

            [copy] = folder.iterdir()
            assert done.stdout == f"Wrote {copy}, {copy.stat().st_size:,} bytes.\n"
            shutil.copy(copy, database)
            assert_is_restored(site.start(), answer)
        finally:
            site.stop()


# -- PostgreSQL


def test_a_new_dump_removes_those_that_are_too_old_and_nothing_else(folder, postgres_server, small_database):
    backup = Backup(postgres_server, folder, small_database)
    for name in ("askme-2026-01-01T000000Z.dump", ".askme-2026-01-01T000000Z.7.partial", "notes.txt"):
        aged(folder, name)
    recent = folder / "askme-2026-01-20T000000Z.dump"
    recent.touch()
    assert backup.run("now").returncode == 0
    [new] = set(backup.names()) - {recent.name, "notes.txt"}
    assert re.fullmatch(r"askme-\d{4}-\d\d-\d\dT\d{6}Z\.dump", new)
    assert recent.exists()
    assert (folder / "notes.txt").exists()
    assert (folder / new).stat().st_mode & 0o077 == 0, "it contains what everybody asked"


def test_keep_days_0_keeps_all_dumps(folder, postgres_server, small_database):
    aged(folder, "askme-2026-01-01T000000Z.dump")
    assert Backup(postgres_server, folder, small_database, KEEP_DAYS="0").run("now").returncode == 0
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("days", ["-1", "two", "7d", "08", " "])
def test_keep_days_that_are_no_number_are_refused(folder, postgres_server, days):
    done = Backup(postgres_server, folder, "none", KEEP_DAYS=days).run("now")
    assert done.returncode == 2
    assert "KEEP_DAYS" in done.stderr


def test_a_dump_that_fails_says_so_and_deletes_nothing(folder, postgres_server):
    aged(folder, "askme-2026-01-01T000000Z.dump")
    backup = Backup(postgres_server, folder, "there-is-no-such-database")
    done = backup.run("now")
    assert done.returncode == 1
    assert "FAILED" in done.stderr
    assert "does not exist" in done.stderr
    assert backup.names() == ["askme-2026-01-01T000000Z.dump"]


def test_a_dump_is_not_restored_over_data(folder, postgres_server, small_database):
    backup = Backup(postgres_server, folder, small_database)
    assert backup.run("now").returncode == 0
    done = backup.run("restore", *backup.names())
    assert done.returncode == 1
    assert "not empty (1 tables). Nothing was changed." in done.stderr


def test_a_dump_that_is_cut_short_is_not_restored_by_half(folder, postgres_server, small_database):
    backup = Backup(postgres_server, folder, small_database)
    assert backup.run("now").returncode == 0
    [name] = backup.names()
    whole, half = folder / name, folder / "half"
    half.write_bytes(whole.read_bytes()[:-20])
    new = f"new-{uuid.uuid4().hex}"
    url = postgres_server.create_database(new)
    backup = Backup(postgres_server, folder, new)
    assert backup.run("restore", "half").returncode != 0
    with psycopg.connect(url) as connection:
        assert connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone() == (0,)
    # From standard input, as on a new machine.
    assert backup.run("restore", stdin=whole).returncode == 0
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT text FROM note").fetchone() == ("kept",)


def test_the_service_dumps_once_a_day_and_ends_at_once(folder, postgres_server, small_database):
    backup = Backup(postgres_server, folder, small_database)
    for _ in range(2):  # a restart on the same day makes no second dump
        process = backup.start()
        try:
            wait_until_it_sleeps(process)
        finally:
            code = stop_process(process)
        assert (code, len(backup.names())) == (0, 1)


def wait_until_it_sleeps(process: subprocess.Popen) -> None:
    """Wait until the script has nothing to do before the next day."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")

    def sleeps() -> bool:
        return any(
            Path(f"/proc/{child}/comm").read_text() == "sleep\n" for child in children.read_text().split()
        )

    wait_for(sleeps, 30, "the script waits")


def test_an_unknown_command_of_the_script_is_refused(folder, postgres_server):
    done = Backup(postgres_server, folder, "none").run("destroy")
    assert (done.returncode, "unknown command 'destroy'" in done.stderr) == (2, True)


# -- SQLite


@pytest.fixture
def sqlite_site(tmp_path):
    site = Site(tmp_path)
    with sqlite3.connect(tmp_path / "site.sqlite3") as connection:
        connection.execute("CREATE TABLE note AS SELECT 'kept' AS text")
    return site


def test_a_new_copy_removes_those_that_are_too_old_and_nothing_else(folder, sqlite_site):
    for name in ("askme-1.sqlite3", "askme-2.sqlite3.partial", "notes.txt"):
        aged(folder, name)
    (folder / "askme-3.sqlite3").touch()
    assert sqlite_site.manage("backup", str(folder)).returncode == 0
    [new] = {path.name for path in folder.iterdir()} - {"askme-3.sqlite3", "notes.txt"}
    assert (folder / new).stat().st_mode & 0o077 == 0, "it contains what everybody asked"
    with sqlite3.connect(folder / new) as connection:
        assert connection.execute("SELECT text FROM note").fetchone() == ("kept",)


def test_a_copy_that_fails_says_so_and_deletes_nothing(folder, tmp_path, sqlite_site):
    aged(folder, "askme-1.sqlite3")
    (tmp_path / "site.sqlite3").write_bytes(b"this is not a database" * 100)
    done = sqlite_site.manage("backup", str(folder))
    assert done.returncode == 1
    assert "There is no new backup" in done.stderr
    assert [path.name for path in folder.iterdir()] == ["askme-1.sqlite3"]


def test_with_postgresql_the_command_says_what_to_use(make_site, folder):
    done = make_site(DATABASE_URL="postgres://askme@127.0.0.1:1/askme").manage("backup", str(folder))
    assert done.returncode == 1
    assert "deploy/backup.sh or pg_dump" in done.stderr
