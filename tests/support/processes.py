"""Start, kill and limit single processes of a site."""

import resource
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from unittest import mock

from tests.support.database import execute
from tests.support.sites import Site


def start_process(site: Site, index: int) -> subprocess.Popen:
    """Start another process at the port of one that has ended or no longer listens."""
    started: list[subprocess.Popen] = []
    others, site.processes = site.processes, started
    with mock.patch.object(site, "ports", [site.ports[index]]):
        site.start()
    site.processes = [*others, *started]
    return started[0]


def runner(site: Site, answer: str) -> int:
    """Return the index of the process that runs an answer. If one is slow, another takes its questions."""
    query = (
        "SELECT pid FROM answers_process JOIN answers_answer ON answers_process.id = process_id"
        " WHERE answers_answer.id = ?"
    )
    [(pid,)] = execute(site, query, uuid.UUID(answer).hex)
    return [process.pid for process in site.processes].index(pid)


def kill(site: Site, index: int) -> float:
    """Kill a process with SIGKILL, and return the monotonic time."""
    process = site.processes.pop(index)
    process.kill()
    killed = time.monotonic()
    process.wait()
    return killed


def limit_files(process: subprocess.Popen, size: int | None) -> None:
    """Simulate a full disk for one process: its files cannot grow beyond `size` bytes. None ends that."""
    limit = resource.RLIM_INFINITY if size is None else size
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))


def refuses(url: str) -> bool:
    """Return whether the process at this address no longer listens."""
    try:
        urllib.request.urlopen(f"{url}/livez", timeout=5).close()
        return False
    except (urllib.error.URLError, ConnectionError):  # TimeoutError is neither
        return True
