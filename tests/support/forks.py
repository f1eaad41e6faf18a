"""Run `daphne`, `uvicorn` and `manage.py` as processes that `fork_server` forks, in a third of the time.

Each is a process of its own with its own environment, files and signals, as if `subprocess` had started it.
"""

import atexit
import contextlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent.parent
FIXED = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC_")  # variables that Python and the C library read only once
NO_THREADS = {"OPENBLAS_NUM_THREADS": "1"}  # numpy, which autobahn imports, starts one otherwise


_soft_file_limit: int | None = None  # of new processes; None: that of the tests' process


@contextlib.contextmanager
def file_limit(soft: int) -> Iterator[None]:
    """Let processes that are forked in the block start with a soft limit of open files, as from a shell.

    The tests' own process keeps its limit: it may have more files open than that.
    """
    global _soft_file_limit
    _soft_file_limit = soft
    try:
        yield
    finally:
        _soft_file_limit = None


class Fork:
    """A process. It has those parts of `subprocess.Popen` that tests use."""

    def __init__(self, arguments: list[str], environment: dict[str, str], out: int, error: int) -> None:
        self.args = arguments
        self.returncode: int | None = None
        self._report, report = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        request = {
            "arguments": arguments,
            "environment": environment,
            "files": (soft if _soft_file_limit is None else _soft_file_limit, hard),
            "cores": sorted(os.sched_getaffinity(0)),
        }
        with report:
            socket.send_fds(_requests(), [json.dumps(request).encode()], [out, error, report.fileno()])
        self.pid = int(self._report.recv(100))

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            self._report.settimeout(timeout)
            try:
                line = self._report.recv(100)
            except (BlockingIOError, TimeoutError):
                raise subprocess.TimeoutExpired(self.args, timeout or 0) from None
            self.returncode = int(line)
            self._report.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):  # it has ended since
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


Process = Fork | subprocess.Popen


def start(arguments: list[str], environment: dict[str, str], log: IO[str]) -> Process:
    """Start `python arguments` in the root of the project, with its output in the file `log`."""
    if _needs_new_interpreter(environment):
        command = [sys.executable, *arguments]
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    return Fork(arguments, environment, log.fileno(), log.fileno())


def run(
    arguments: list[str], environment: dict[str, str], timeout: float | None = None
) -> subprocess.CompletedProcess:
    """Run `python arguments` in the root of the project until it ends, and return what it wrote, as text."""
    command = [sys.executable, *arguments]
    if _needs_new_interpreter(environment):
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=timeout
        )
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as error:
        fork = Fork(arguments, environment, out.fileno(), error.fileno())
        try:
            code = fork.wait(timeout)
        except BaseException:
            fork.kill()
            fork.wait()
            raise
        texts = []
        for file in (out, error):
            file.seek(0)
            texts.append(file.read())
        return subprocess.CompletedProcess(command, code, *texts)


def _needs_new_interpreter(environment: dict[str, str]) -> bool:
    if sys.platform != "linux":
        return True
    names = {name for name in [*environment, *os.environ] if name.startswith(FIXED)}
    return any(environment.get(name) != os.environ.get(name) for name in names)


@cache
def _requests() -> socket.socket:
    """Start the fork server."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environment = os.environ | NO_THREADS
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    with its:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.fork_server", str(its.fileno())],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[its.fileno()],
        )
    atexit.register(process.wait)
    atexit.register(ours.close)  # called first, and ends the fork server
    return ours
