"""A process that has imported what every site imports, and forks to run one: the fork server of `forks`.

A site spends most of its start on imports. The fork server has done those that depend on no setting: it runs
without settings, so a module that reads one cannot be imported. The new process still imports all modules of
askme, the models of all apps, and the reactor, with its own environment.

The new process runs a module or a script as `python` would, and also ends as `python` does. Its parent waits
for it and then sends its exit code to whoever asked for it, since only a parent can learn it.
"""

import gc
import json
import os
import resource
import runpy
import signal
import socket
import sys
import time
from contextlib import suppress
from importlib import import_module
from typing import Any

IMPORTS = (
    "answers.formatting",
    "autobahn.twisted.choosereactor",
    "channels.generic.websocket",
    "completions",
    "cryptography.fernet",
    "cryptography.x509",
    "daphne.http_protocol",
    "django.conf.global_settings",
    "django.contrib.admin.decorators",
    "django.contrib.staticfiles.handlers",
    "django.core.management",
    "django.core.management.commands.migrate",
    "django.core.management.commands.shell",
    "django.db.backends.sqlite3.base",
    "django.http",
    "django.middleware.csrf",
    "django.template.loader",
    "environ",
    "fido2.server",
    "msgpack",
    "multiprocessing.reduction",
    "psycopg",
    "qrcode",
    "redis.asyncio",
    "requests",
    "statistics",
    "twisted.internet.endpoints",
    "twisted.internet.tcp",
    "twisted.internet.udp",
    "twisted.web.http",
    "whitenoise.base",
)
MESSAGE_BYTES = 1_000_000  # an environment, with room


def serve(requests: socket.socket) -> None:
    """Fork for each request, until the test process closes its end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the test process and the sites
    while True:
        message, files, _, _ = socket.recv_fds(requests, MESSAGE_BYTES, 3)
        if not message:
            return
        if os.fork() == 0:
            requests.close()
            _supervise(json.loads(message), *files)
            return
        for file in files:
            os.close(file)
        while _reaped_one():
            pass


def _reaped_one() -> bool:
    try:
        return os.waitpid(-1, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return False


def _supervise(request: dict[str, Any], out: int, error: int, report: int) -> None:
    """Fork the process, and report its id and, when it has ended, its exit code. Return in the process."""
    pid = os.fork()
    if pid:
        for file in (out, error):
            os.close(file)
        with suppress(BrokenPipeError):  # the test process has ended
            os.write(report, b"%d" % pid)
            _, status = os.waitpid(pid, 0)
            os.write(report, b"%d" % os.waitstatus_to_exitcode(status))
        os._exit(0)
    os.close(report)
    for file, number in ((out, 1), (error, 2)):
        os.dup2(file, number)
        os.close(file)
    # What it would inherit from the test process, which may have changed this since the fork server started.
    resource.setrlimit(resource.RLIMIT_NOFILE, request["files"])
    os.sched_setaffinity(0, request["cores"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    sys.argv = request["arguments"]


def run() -> None:
    """Run what `sys.argv` says, as `python` does: a module after -m, or a script."""
    if sys.argv[0] == "-m":
        sys.argv.pop(0)
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(sys.argv[0], run_name="__main__")


def main() -> None:
    requests = socket.socket(fileno=int(sys.argv[1]))
    sys.argv = []
    for name in IMPORTS:
        import_module(name)
    import_module("answers.formatting").load_languages()
    assert "twisted.internet.reactor" not in sys.modules
    assert len(os.listdir("/proc/self/task")) == 1  # a fork has no other thread, and would miss it
    gc.collect()
    gc.freeze()  # a process that looked for garbage among these objects would copy their pages
    serve(requests)
    if sys.argv:
        run()


if __name__ == "__main__":
    main()
