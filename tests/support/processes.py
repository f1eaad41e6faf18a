"""Start, kill and limit single processes of a site."""

import resource
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from unittest import mock

from tests.support.database import execute
from tests.support.services import free_port, wait_for
from tests.support.sites import Site


def start_process(site: Site, index: int, server: str = "daphne") -> subprocess.Popen:
    """Start another process at the port of one that has ended or no longer listens."""
    started: list[subprocess.Popen] = []
    others, site.processes = site.processes, started
    with mock.patch.object(site, "ports", [site.ports[index]]):
        site.start(server=server)
    site.processes = [*others, *started]
    return started[0]


def start_another(site: Site, server: str = "daphne") -> None:
    """Start one more process, at a port of its own.

    Call it when the answers of a test run, if it matters in which process: a question that has waited for
    0.3 s is taken by whichever process is first, and a busy one may be late for its own.
    """
    site.ports.append(free_port())
    start_process(site, -1, server)


def runner(site: Site, answer: str) -> int:
    """Return the index of the process that runs an answer. If one is slow, another takes its questions."""
    query = (
        "SELECT pid FROM answers_process JOIN answers_answer ON answers_process.id = process_id"
        " WHERE answers_answer.id = ?"
    )
    # It may be there with an answer before its first heartbeat makes its row.
    rows = wait_for(lambda: execute(site, query, uuid.UUID(answer).hex), 20, "the process is known")
    [(pid,)] = rows
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
    except TimeoutError:  # it has accepted the connection, and is slow
        return False
    except urllib.error.URLError as error:
        return not isinstance(error.reason, TimeoutError)  # as above, before it has accepted it
    except ConnectionError:
        return True
