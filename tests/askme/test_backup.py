"""deploy/backup.sh and `manage.py backup`: what they keep, delete and refuse. test_restore shows the rest."""

import os
import re
import sqlite3
import subprocess
import time
import uuid
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from tests.support.backups import Backup
from tests.support.services import stop_process, wait_for
from tests.support.sites import Site

OLD = time.time() - 15 * 24 * 3600


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
        connection.execute("CREATE TABLE answers_answer AS SELECT 'kept' AS text")
    return name


def aged(folder: Path, name: str) -> Path:
    """Return a file that was written 15 days ago."""
    path = folder / name
    path.touch()
    os.utime(path, (OLD, OLD))
    return path


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


def test_a_database_that_has_lost_its_tables_replaces_no_dump(folder, postgres_server):
    aged(folder, "askme-2026-01-01T000000Z.dump")
    name = f"empty-{uuid.uuid4().hex}"
    postgres_server.create_database(name)
    backup = Backup(postgres_server, folder, name)
    done = backup.run("now")
    assert done.returncode == 1
    assert "The database has no tables." in done.stderr
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
        assert connection.execute("SELECT text FROM answers_answer").fetchone() == ("kept",)


def test_the_service_dumps_at_once_and_then_once_a_day(folder, postgres_server, small_database):
    backup = Backup(postgres_server, folder, small_database)
    (folder / "askme-2026-01-01T000500Z.dump").touch()  # of another day
    run_until_it_waits(backup)
    [dump] = set(backup.names()) - {"askme-2026-01-01T000500Z.dump"}
    earlier = folder / f"{dump[:17]}000000Z.dump"
    (folder / dump).rename(earlier)  # so that a second one cannot have its name
    run_until_it_waits(backup)  # a restart on the same day
    new = set(backup.names()) - {"askme-2026-01-01T000500Z.dump", earlier.name}
    assert {name for name in new if name[:17] == dump[:17]} == set(), "unless it is midnight"


def run_until_it_waits(backup: Backup) -> None:
    process = backup.start()
    try:
        wait_until_it_sleeps(process)
    finally:
        assert stop_process(process) == 0


def wait_until_it_sleeps(process: subprocess.Popen) -> None:
    """Wait until the script has nothing to do before the next day."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")

    def sleeps() -> bool:
        with suppress(FileNotFoundError, ProcessLookupError):  # a child has ended meanwhile
            names = [Path(f"/proc/{child}/comm").read_text() for child in children.read_text().split()]
            return "sleep\n" in names
        return False

    wait_for(sleeps, 30, "the script waits")


def test_an_unknown_command_of_the_script_is_refused(folder, postgres_server):
    done = Backup(postgres_server, folder, "none").run("destroy")
    assert (done.returncode, "unknown command 'destroy'" in done.stderr) == (2, True)


# -- SQLite


@pytest.fixture
def sqlite_site(tmp_path):
    site = Site(tmp_path)
    with sqlite3.connect(tmp_path / "site.sqlite3") as connection:
        connection.execute("CREATE TABLE answers_answer AS SELECT 'kept' AS text")
    return site


def test_a_new_copy_removes_those_that_are_too_old_and_nothing_else(folder, sqlite_site):
    for name in ("askme-1.sqlite3", "askme-2.sqlite3.partial", "notes.txt"):
        aged(folder, name)
    (folder / "askme-3.sqlite3").touch()
    assert sqlite_site.manage("backup", str(folder)).returncode == 0
    [new] = {path.name for path in folder.iterdir()} - {"askme-3.sqlite3", "notes.txt"}
    assert (folder / new).stat().st_mode & 0o077 == 0, "it contains what everybody asked"
    with sqlite3.connect(folder / new) as connection:
        assert connection.execute("SELECT text FROM answers_answer").fetchone() == ("kept",)


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
