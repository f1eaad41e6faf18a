"""More answers at once than the system's first limit of open files has room for."""

import resource

import pytest

from tests.support import forks
from tests.support.api_server import stall

SOFT_LIMIT = 160
ANSWERS = 100  # need 200 files for their connections to the API alone
PER_SOCKET = 20


@pytest.fixture
def limited(make_site, api_server):
    """A site whose processes inherit a low limit, as from a shell."""
    with forks.file_limit(SOFT_LIMIT):
        return make_site(api_server, ASKME_RUNNING_PER_USER="0", ASKME_THREADS=str(ANSWERS)).start()


def test_all_answers_run_although_they_need_more_files_than_the_first_limit(limited, api_server, meet):
    api_server.behaviour = stall(["Whole. "])
    sockets = [meet(limited.url).connect() for _ in range(ANSWERS // PER_SOCKET)]
    asked = [(socket, socket.ask(f"{number}")) for number in range(PER_SOCKET) for socket in sockets]
    api_server.wait_for_requests(ANSWERS)
    assert meet(limited.url).http.get(limited.url).status_code == 200
    api_server.release()
    for socket in sockets:
        socket.finish_all(*(id for other, id in asked if other is socket))
    assert "Too many open files" not in limited.log()
    [process] = limited.processes
    assert resource.prlimit(process.pid, resource.RLIMIT_NOFILE)[0] > SOFT_LIMIT
