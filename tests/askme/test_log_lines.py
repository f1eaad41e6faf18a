"""How a line of the log looks, whatever is logged and by whom."""

import json
import logging
import subprocess
import sys
import uuid

import pytest
from asgiref.testing import ApplicationCommunicator

from answers.engine.answer_log import about, current_request
from answers.live.request_id import RequestId
from askme.log_lines import JsonFormatter, TextFormatter
from tests.support.sites import ROOT


def record(message: str, *args: object, **fields: object) -> logging.LogRecord:
    made = logging.LogRecord("some.logger", logging.WARNING, __file__, 1, message, args, None)
    made.__dict__.update(fields)
    return made


def as_json(*args: object, **fields: object) -> dict:
    line = JsonFormatter().format(record(*args, **fields))
    assert line.isascii()
    assert line.isprintable()
    return json.loads(line)


def test_a_line_says_when_where_and_what():
    line = as_json("%d answers\nare running", 3)
    assert line["message"] == "3 answers\nare running"
    assert (line["level"], line["logger"]) == ("WARNING", "some.logger")
    assert line["time"].endswith("+00:00")
    assert line["process"].rpartition(":")[2].isdigit()
    assert "answer" not in line
    assert "request" not in line


@pytest.mark.parametrize("text", ["\u2028", "\x00", "\ud800", "\x1b[31m", "é", '"}\n{'])
def test_no_character_breaks_a_line(text):
    assert as_json("%s", text)["message"] == text


def test_a_traceback_is_part_of_the_line():
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        line = as_json("It failed", exc_info=sys.exc_info())
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("ZeroDivisionError: division by zero")


def test_arguments_that_do_not_fit_and_facts_that_are_no_json_are_shown():
    assert as_json("%d answers", "no number")["message"] == "%d answers ('no number',)"
    assert as_json("x", facts={"of": ValueError("y")})["facts"] == {"of": "y"}


def test_a_line_names_the_answer_that_it_is_about():
    one, other = uuid.uuid4(), uuid.uuid4()
    with about(one):
        assert as_json("x")["answer"] == str(one)
        assert as_json("answer %s failed", other)["answer"] == str(other)
        assert TextFormatter("{message}", style="{").format(record("x")) == f"x answer={one}"
        assert TextFormatter("{message}", style="{").format(record("of %s", one)) == f"of {one}"
    assert "answer" not in as_json("x")


@pytest.mark.parametrize(
    ("sent", "logged"),
    [
        ([], ""),
        ([b"4bf92f35-77b3"], "4bf92f35-77b3"),
        ([b"a", b"b"], ""),
        ([b"x" * 101], ""),
        ([b'x" answer=1'], ""),
        ([b"x\n"], ""),
        ([b"\xff"], ""),
    ],
)
async def test_only_a_sane_request_id_is_logged(sent, logged):
    async def application(scope, receive, send):
        await send({"request": as_json("x").get("request", ""), "context": current_request.get()})

    headers = [(b"x-request-id", value) for value in sent]
    communicator = ApplicationCommunicator(RequestId(application), {"type": "http", "headers": headers})
    assert await communicator.receive_output(5) == {"request": logged, "context": logged}


PROGRAM = """
import asyncio, logging, os, sys, threading, warnings
os.environ["DJANGO_SETTINGS_MODULE"] = "askme.settings"
import django
django.setup()
class Unraisable:
    def __del__(self): 1 / 0
async def forgotten():
    asyncio.get_running_loop().call_soon(lambda: 1 / 0)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
warnings.warn("A warning")
logging.getLogger("daphne.server").critical("Listen failure")
logging.getLogger("uvicorn.error").error("From uvicorn")
thread = threading.Thread(target=lambda: 1 / 0, name="of ours")
thread.start()
thread.join()
del Unraisable
asyncio.run(forgotten())
class Unraisable:
    def __del__(self): 1 / 0
Unraisable()
print("[] % d" % "at the end")
"""


def test_what_no_code_of_ours_logs_is_json_too(tmp_path):
    environment = {"ASKME_LOG": "json", "SECRET_KEY": "x" * 50, "ENV_FILE": "", "PATH": "/usr/bin"}
    environment["DATABASE_URL"] = f"sqlite:///{tmp_path}/db"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (1, "")
    found = [json.loads(line) for line in done.stderr.splitlines()]
    loggers = [line["logger"] for line in found]
    for name in ("py.warnings", "daphne.server", "uvicorn.error", "asyncio"):
        assert name in loggers
    messages = [line["message"] for line in found if line["logger"] == "answers.process"]
    assert "an exception ends the thread of ours" in messages
    assert any("__del__" in message for message in messages)
    assert messages[-1] == "an exception ends the process"
    assert found[-1]["exception"].endswith("real number is required, not str")


@pytest.mark.parametrize("server", ["daphne", "uvicorn"])
def test_settings_that_prevent_the_start_are_json_too(server, tmp_path):
    environment = {"ASKME_LOG": "json", "ENV_FILE": "", "PATH": "/usr/bin", "ASKME_THREADS": "many"}
    environment |= {"DATABASE_URL": f"sqlite:///{tmp_path}/db", "SECRET_KEY": "x" * 50}
    port = {"daphne": "-p", "uvicorn": "--port"}[server]
    done = subprocess.run(
        [sys.executable, "-m", server, port, "0", "askme.asgi:application"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    told = [line for line in done.stderr.splitlines() if "ASKME_THREADS" in line]
    assert [json.loads(line)["level"] for line in told] == ["CRITICAL"]
