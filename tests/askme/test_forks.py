"""The fork server of the tests: its processes are like those that an operator starts."""

import os
import resource
import signal
import subprocess
import sys

import pytest

from tests.support import forks
from tests.support.services import free_port, wait_for
from tests.support.sites import Site

SLEEP = "import time; print('sleeps', flush=True); time.sleep(100)"


@pytest.fixture
def shell(tmp_path):
    environment = os.environ | Site(tmp_path).environment

    def shell(code, **options):
        return forks.run(["manage.py", "shell", "-v0", "-c", code], environment, **options)

    return shell


@pytest.fixture
def sleeping(tmp_path):
    with (tmp_path / "log").open("w") as log:
        fork = forks.start(
            ["manage.py", "shell", "-v0", "-c", SLEEP], os.environ | Site(tmp_path).environment, log
        )
    wait_for(lambda: "sleeps" in (tmp_path / "log").read_text(), 20, "it sleeps")
    yield fork
    fork.kill()
    fork.wait(10)


def test_a_fork_has_only_its_own_environment_and_files(shell, monkeypatch):
    monkeypatch.setenv("ASKME_LATER", "set after the fork server started")
    done = shell(
        "import os\n"
        "print(os.environ['DATABASE_URL'], 'ASKME_LATER' in os.environ, *sorted(os.listdir('/proc/self/fd')))"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("site.sqlite3 False 0 1 2 3")  # the last one is the folder


def test_a_fork_inherits_the_limits_of_the_test_process_as_they_are_now(shell):
    code = """
import os, resource
print(len(os.sched_getaffinity(0)), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""
    shell("pass")  # the fork server runs
    cores, (soft, hard) = os.sched_getaffinity(0), resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        os.sched_setaffinity(0, {max(cores)})
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft - 1, hard))
        limited = shell(code).stdout.split()
    finally:
        os.sched_setaffinity(0, cores)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert limited == ["1", str(soft - 1)]
    assert shell(code).stdout.split() == [str(len(cores)), str(soft)]


def test_a_fork_starts_like_a_program_of_its_own(shell):
    done = shell("import sys, threading; print(sys.argv[0], sys.path[0], threading.active_count())")
    assert done.stdout.split() == ["manage.py", str(forks.ROOT), "1"]


def test_no_fork_finds_settings_of_another(tmp_path):
    limits = {}
    for limit in ("7", "8"):
        environment = os.environ | Site(tmp_path, ASKME_QUESTIONS_PER_MINUTE=limit).environment
        code = "from django.conf import settings; print(settings.ASKME_QUESTIONS_PER_MINUTE)"
        limits[limit] = forks.run(["manage.py", "shell", "-v0", "-c", code], environment).stdout.strip()
    assert limits == {"7": "7", "8": "8"}


@pytest.mark.parametrize(
    ("code", "exit_code", "error"),
    [
        ("import sys; sys.exit(7)", 7, ""),
        ("import sys; sys.exit('It may not start')", 1, "It may not start\n"),
        ("1 / 0", 1, "ZeroDivisionError: division by zero\n"),
        ("import os; os.abort()", -signal.SIGABRT, ""),
    ],
)
def test_a_fork_ends_as_python_does(shell, code, exit_code, error):
    done = shell(code)
    assert done.returncode == exit_code
    assert done.stderr.endswith(error)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_a_fork_at_once(sleeping, number):
    assert sleeping.poll() is None
    sleeping.send_signal(number)
    assert sleeping.wait(10) == -number
    assert sleeping.poll() == sleeping.returncode == -number
    sleeping.send_signal(number)  # nobody has its id any more
    with pytest.raises(ProcessLookupError):
        os.kill(sleeping.pid, 0)


def test_a_command_that_takes_too_long_is_killed(shell):
    with pytest.raises(subprocess.TimeoutExpired):
        shell(SLEEP, timeout=1)


def test_two_test_processes_never_get_the_same_port(tmp_path):
    code = """
from tests.support import services
services._ports = iter(range({0}, {0} + 100))
print(services.free_port())
"""
    ours = free_port()
    command = [sys.executable, "-c", code.format(ours - 10_000)]
    theirs = subprocess.run(command, cwd=forks.ROOT, capture_output=True, text=True, check=True)
    assert int(theirs.stdout) > ours
