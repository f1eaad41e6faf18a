"""What a process does to itself when it starts: not at import, and each part can be switched off."""

import json
import os
import subprocess
import sys

import pytest

from tests.support.sites import ROOT, Site

# Runs the application's lifespan as a server would, and prints what the process is like before and after.
PROGRAM = """
import asyncio, gc, json, os, resource, sys

def state():
    return {
        "switch": round(sys.getswitchinterval(), 4),
        "garbage": (gc.get_threshold()[0], gc.get_freeze_count() > 0),
        "cores": len(os.sched_getaffinity(0)),
        "files": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
    }

before = state()
from askme.asgi import application
imported = state()

async def main():
    messages, replies = asyncio.Queue(), asyncio.Queue()
    messages.put_nowait({"type": "lifespan.startup"})
    server = asyncio.create_task(application({"type": "lifespan"}, messages.get, replies.put))
    started = await replies.get()
    running = state()
    messages.put_nowait({"type": "lifespan.shutdown"})
    await server
    print(json.dumps([before, imported, running, started]))

asyncio.run(main())
"""


@pytest.fixture
def start(tmp_path):
    site = Site(tmp_path)
    assert site.manage("migrate", "-v0").returncode == 0

    def start(hard=5_000, **environment):
        command = ["prlimit", f"--nofile=256:{hard}", sys.executable, "-c", PROGRAM]
        environment = os.environ | site.environment | environment
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert done.stdout, done.stderr
        return [*json.loads(done.stdout), done.stderr]

    return start


needs_cores = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="needs Linux and two cores",
)


@needs_cores
def test_a_process_is_tuned_when_it_starts_and_not_when_the_application_is_imported(start):
    before, imported, running, *_ = start()
    assert imported == before
    assert running == {"switch": 0.02, "garbage": [10_000, True], "cores": 1, "files": 5_000}


@needs_cores
def test_each_part_can_be_switched_off(start):
    off = {"ASKME_SWITCH_SECONDS": "0", "ASKME_GARBAGE_OBJECTS": "0", "ASKME_OPEN_FILES": "0"}
    before, _, running, *_ = start(ASKME_ONE_CORE="false", **off)
    assert running == before


def test_too_few_open_files_are_logged_with_what_to_do(start):
    _, _, running, _, log = start(hard=1_000)
    assert running["files"] == 1_000  # as many as this process may have
    assert "this process may open 1000 files, but ASKME_THREADS=250 needs about 1950" in log
    assert "ulimit -n 1950" in log
    assert "ulimits" in log
    *_, log = start(hard=1_000, ASKME_THREADS="50", ASKME_QUEUE="200")
    assert "ulimit" not in log
    *_, log = start(ASKME_THREADS="50", ASKME_QUEUE="200", ASKME_OPEN_FILES="0")
    assert "may open 256 files" in log


def test_the_limit_is_not_lowered(start):
    before, _, running, *_ = start(ASKME_OPEN_FILES="100")
    assert running["files"] == before["files"]


def test_a_setting_that_cannot_work_ends_the_start_with_its_hint(start):
    *_, reply, _ = start(ASKME_API="telepathy")
    assert reply["type"] == "lifespan.startup.failed"
    assert "ASKME_API" in reply["message"]
    assert "HINT" in reply["message"]


def test_the_check_can_be_switched_off(start):
    *_, reply, _ = start(ASKME_API="telepathy", ASKME_CHECK_AT_START="false")
    assert reply == {"type": "lifespan.startup.complete"}


@pytest.mark.parametrize("server", ["daphne", "uvicorn"])
def test_under_each_server_a_wrong_setting_ends_the_process(tmp_path, server):
    site = Site(tmp_path, ASKME_API="telepathy")
    done = subprocess.run(
        [sys.executable, "-m", server, "askme.asgi:application"],
        cwd=ROOT,
        env=os.environ | site.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    assert "ASKME_API is 'telepathy'" in done.stderr
    assert "Traceback" not in done.stderr
