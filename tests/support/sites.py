"""A whole site as a person uses it: real Daphne processes, their own database, and the API behind them."""

import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import uuid
from functools import cache
from pathlib import Path
from textwrap import dedent

import pytest

from tests.support import forks
from tests.support.api_server import ApiServer
from tests.support.services import free_port, stop_process, wait_for

ROOT = forks.ROOT

SECRET_KEY = "for tests only and as long as it has to be"


class Site:
    """One site of one or more Daphne processes that share a database. `url` belongs to the first one."""

    def __init__(self, folder: Path, api=None, **environment: str) -> None:
        self.folder, self.api = folder, api
        self.environment = {
            "DATABASE_URL": f"sqlite:///{folder}/site.sqlite3",
            "SECRET_KEY": SECRET_KEY,
            "ASKME_DRAIN_SECONDS": "0",
            "ASKME_QUESTIONS_PER_MINUTE": "0",  # tests ask faster than people
            **(
                {"OPENAI_BASE_URL": api.base_url, "OPENAI_API_KEY": "sk-test", "ASKME_MODEL": "test"}
                if api
                else {}
            ),
            **environment,
        }
        self.ports: list[int] = []
        self.processes: list[forks.Process] = []

    @property
    def url(self) -> str:
        return self.urls[0]

    @property
    def urls(self) -> list[str]:
        return [f"http://127.0.0.1:{port}" for port in self.ports]

    def manage(self, *arguments: str, timeout: float | None = None) -> subprocess.CompletedProcess:
        return forks.run(["manage.py", *arguments], os.environ | self.environment, timeout)

    def start(self, processes: int = 1, server: str = "daphne") -> "Site":
        """Start, on the same ports as before if the site ran already."""
        if not self.ports and not self._copy_migrated():
            done = self.manage("migrate", "-v0")
            assert done.returncode == 0, done.stderr
        self.ports = self.ports or [free_port() for _ in range(processes)]
        for port in self.ports:
            port_option = {"daphne": "-p", "uvicorn": "--port"}[server]
            arguments = ["-m", server, port_option, str(port), "askme.asgi:application"]
            with (self.folder / f"daphne-{port}.log").open("a") as log:
                self.processes.append(forks.start(arguments, os.environ | self.environment, log))
        for process, url in zip(self.processes, self.urls, strict=True):
            wait_for(lambda process=process, url=url: self._answers(process, url), 60, f"{url} answers")
        return self

    def start_changed(self, program: str, *options: str) -> "Site":
        """Start one process in which this program runs first, after all modules are loaded, to change them.
        `options` are Daphne's."""
        self._copy_migrated()
        lines = ["from askme.asgi import application", dedent(program)]
        (self.folder / "changed.py").write_text("\n".join(lines))
        self.ports = [free_port()]
        command = [sys.executable, "-m", "daphne", "-p", str(self.ports[0]), *options, "changed:application"]
        environment = os.environ | self.environment | {"PYTHONPATH": f"{self.folder}:{ROOT}"}
        with (self.folder / "daphne-changed.log").open("w") as log:
            self.processes = [subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)]
        wait_for(lambda: self._answers(self.processes[0], self.url), 60, f"{self.url} answers")
        return self

    def _copy_migrated(self) -> bool:
        """Copy an SQLite database that was migrated once in this run. A site then starts in half the time."""
        path = self.environment["DATABASE_URL"].removeprefix("sqlite:///")
        if not path.startswith("/"):
            return False
        shutil.copy(_migrated_database(), path)
        return True

    def stop(self) -> None:
        processes, self.processes = self.processes, []
        for process in processes:
            stop_process(process)

    def log(self) -> str:
        return "".join(path.read_text() for path in sorted(self.folder.glob("daphne-*.log")))

    def _answers(self, process: forks.Process, url: str) -> bool:
        assert process.poll() is None, self.log()
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5) as response:
                return bool(response.status == 200)
        except OSError:  # nobody listens yet, or the process is still loading its modules
            return False


@cache
def _migrated_database() -> Path:
    site = Site(Path(tempfile.mkdtemp(prefix="askme-site-")))
    done = site.manage("migrate", "-v0")
    assert done.returncode == 0, done.stderr
    return site.folder / "site.sqlite3"


@pytest.fixture
def make_site(tmp_path):
    """Make sites with given settings. All stop at the end of the test."""
    sites = []

    def make(api=None, **environment: str) -> Site:
        folder = tmp_path / f"site{len(sites)}"
        folder.mkdir()
        sites.append(Site(folder, api, **environment))
        return sites[-1]

    yield make
    for site in sites:
        site.stop()


@pytest.fixture(scope="module")
def pair(tmp_path_factory, redis_url):
    """Two processes with one SQLite file and one Redis, for all tests of a module that break neither."""
    with ApiServer() as api:
        site = Site(tmp_path_factory.mktemp("pair"), api, REDIS_URL=redis_url)
        try:
            yield site.start(processes=2)
        finally:
            site.stop()


@pytest.fixture
def site(make_site, api_server):
    """A running site whose API is `site.api`."""
    return make_site(api_server).start()


@pytest.fixture(params=["in memory", "Redis"])
def any_layer_site(request, make_site, api_server):
    """A test that uses this runs twice: with the channel layer in memory and with the one over Redis."""
    redis = {"REDIS_URL": request.getfixturevalue("redis_url")} if request.param == "Redis" else {}
    return make_site(api_server, **redis).start()


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def any_database_site(request, make_site, api_server):
    """A test that uses this runs twice: on SQLite and on PostgreSQL."""
    database = {}
    if request.param == "PostgreSQL":
        server = request.getfixturevalue("postgres_server")
        database = {"DATABASE_URL": server.create_database(f"site-{uuid.uuid4().hex}")}
    return make_site(api_server, **database).start()
