"""A process of askme stays on one core, and moves when another process needs that core."""

import os
import subprocess
import sys
from contextlib import suppress

import pytest

from tests.support.services import stop_process, wait_for

CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []

pytestmark = pytest.mark.skipif(len(CORES) < 2, reason="needs Linux and two cores")


@pytest.fixture
def spin(request):
    """Start another process that uses a core completely."""

    def start(core):
        code = f"import os\nos.sched_setaffinity(0, {{{core}}})\nwhile True: pass"
        process = subprocess.Popen([sys.executable, "-c", code])
        request.addfinalizer(lambda: stop_process(process))

    return start


def cores_of(process):
    """Return the cores that all threads of a process may use."""
    cores = set()
    for thread in os.listdir(f"/proc/{process.pid}/task"):
        with suppress(ProcessLookupError):  # the thread has ended
            cores |= os.sched_getaffinity(int(thread))
    return cores


def test_a_process_and_all_its_threads_stay_on_one_core(make_site, api_server, meet):
    site = make_site(api_server).start()
    [process] = site.processes
    socket = meet(site.url).connect()
    assert socket.finish(socket.ask("Where are you?"))["status"] == "complete"
    assert len(os.listdir(f"/proc/{process.pid}/task")) > 2
    wait_for(lambda: len(cores_of(process)) == 1, 20, "one core, and it is not just moving to another")


@pytest.mark.measures
def test_a_process_moves_to_a_core_that_is_free(make_site, api_server, spin):
    site = make_site(api_server).start()
    [process] = site.processes
    [core] = cores_of(process)
    spin(core)
    wait_for(lambda: cores_of(process).isdisjoint({core}), 30, "the process is on another core")
    assert len(cores_of(process)) == 1


def test_a_core_chosen_by_the_operator_is_kept(make_site, api_server):
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {CORES[-1]})
    try:
        site = make_site(api_server).start()
    finally:
        os.sched_setaffinity(0, before)
    assert cores_of(site.processes[0]) == {CORES[-1]}
