"""The servers that are measured: real processes on loopback, with their own core if there are several."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
SERVER_CORE, LOAD_CORE = 0, 1

# As on a server: uvicorn, which the tests need, brings click, and with click Autobahn formats a coloured line
# for every frame (13 % of the CPU at 200 streams).
DAPHNE = """
import sys
sys.modules["click"] = None
from daphne.cli import CommandLineInterface
CommandLineInterface().run(sys.argv[1:])
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """A child process. It is ready when its port accepts connections; `stop` ends it."""

    def __init__(self, arguments: list[str], port: int, core: int | None, **environment: str) -> None:
        self.port = port
        with open(os.environ.get("BENCH_LOG", os.devnull), "ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *arguments], cwd=ROOT, env=os.environ | environment, stdout=log, stderr=log
            )
        self.info = psutil.Process(self.process.pid)
        if core is not None and (os.cpu_count() or 1) > 1:
            self.info.cpu_affinity([core])
        deadline = time.monotonic() + 30
        while True:
            assert self.process.poll() is None, f"{arguments} ended with {self.process.returncode}"
            assert time.monotonic() < deadline, f"{arguments} does not answer"
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)

    @property
    def cpu_seconds(self) -> float:
        times = self.info.cpu_times()
        return times.user + times.system

    @property
    def memory_bytes(self) -> int:
        return int(self.info.memory_info().rss)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Server:
    """What is measured: one or more processes, and how a page reaches them."""

    def __init__(
        self, processes: list[Process], *, path: str = "/ws/answers/", sessions: bool = True
    ) -> None:
        self.processes, self.path, self.sessions = processes, path, sessions

    @property
    def hosts(self) -> list[str]:
        return [f"127.0.0.1:{process.port}" for process in self.processes]

    @property
    def cpu_seconds(self) -> float:
        return sum(process.cpu_seconds for process in self.processes)

    @property
    def memory_bytes(self) -> int:
        return sum(process.memory_bytes for process in self.processes)


@contextmanager
def running(
    arguments: list[str], *, core: int | None, port: int = 0, **environment: str
) -> Iterator[Process]:
    port = port or free_port()
    process = Process([word.replace("PORT", str(port)) for word in arguments], port, core, **environment)
    try:
        yield process
    finally:
        process.stop()


@contextmanager
def api() -> Iterator[Process]:
    with running(["-m", "bench.api", "PORT"], core=LOAD_CORE) as process:
        yield process


@contextmanager
def proxy(api_port: int, loop: str = "asyncio") -> Iterator[Server]:
    with running(["-m", "bench.proxy", "PORT", str(api_port), loop], core=SERVER_CORE) as process:
        yield Server([process], sessions=False)


@contextmanager
def neighbours(number: int) -> Iterator[None]:
    """Processes that never rest, on the server's core and with its priority. They end by themselves too."""
    busy = f"import time, os; os.sched_setaffinity(0, [{SERVER_CORE}]); end = time.monotonic() + 600\n"
    busy += f"while time.monotonic() < end and os.getppid() == {os.getpid()}: sum(range(10_000))"
    processes = [subprocess.Popen([sys.executable, "-c", busy]) for _ in range(number)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


@contextmanager
def plain(api_port: int) -> Iterator[Server]:
    arguments = ["-c", DAPHNE, "-v", "0", "-p", "PORT", "bench.plain:application"]
    url = f"http://127.0.0.1:{api_port}/v1/chat/completions"
    with running(arguments, core=SERVER_CORE, OPENAI_BASE_URL=url) as process:
        yield Server([process], sessions=False)


@contextmanager
def askme(
    api_port: int,
    *,
    processes: int = 1,
    redis_url: str = "",
    database_url: str = "",
    busy_neighbours: int = 0,
) -> Iterator[Server]:
    """The whole product: sessions, saving, positions, limits. Each page is a different person."""
    with tempfile.TemporaryDirectory(prefix="askme-bench-") as folder, ExitStack() as stack:
        environment = {
            "ENV_FILE": "",
            "SECRET_KEY": "for the bench only, and as long as it has to be",
            "DATABASE_URL": database_url or f"sqlite:///{folder}/bench.sqlite3",
            "REDIS_URL": redis_url,
            "OPENAI_BASE_URL": f"http://127.0.0.1:{api_port}/v1",
            "ASKME_MODEL": "bench",
            "ASKME_THREADS": "500",
            "ASKME_DRAIN_SECONDS": "0",
            "ASKME_CHECK_MODELS": "false",
            "LOG_LEVEL": "WARNING",
        }
        for command in (["migrate", "-v0"], ["collectstatic", "--noinput", "-v0"]):
            subprocess.run(
                [sys.executable, "manage.py", *command], cwd=ROOT, env=os.environ | environment, check=True
            )
        arguments = ["-c", DAPHNE, "-v", "0", "-p", "PORT", "--no-server-name", "askme.asgi:application"]
        started = [
            stack.enter_context(running(arguments, core=(SERVER_CORE, LOAD_CORE)[number % 2], **environment))
            for number in range(processes)
        ]
        for process in started:  # as a proxy would before it sends people there
            with urllib.request.urlopen(f"http://127.0.0.1:{process.port}/readyz", timeout=30):
                pass
        stack.enter_context(neighbours(busy_neighbours))
        yield Server(started)
