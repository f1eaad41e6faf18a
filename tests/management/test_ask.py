"""`manage.py ask` in a process of its own, as from a terminal."""

import os
import signal
import subprocess
import sys

import pytest

from tests.support.api_server import answer, refuse, stall
from tests.support.services import wait_for
from tests.support.sites import ROOT


@pytest.fixture
def terminal(make_site, api_server):
    site = make_site(api_server)
    assert site.manage("migrate", "-v0").returncode == 0
    return site


def start(site, *arguments):
    return run(site, "manage.py", "ask", *arguments)


def run(site, *arguments):
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | site.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def stored(site):
    code = (
        "from answers.models import Answer; print(*Answer.objects.values_list('question', 'status', 'text'))"
    )
    return site.manage("shell", "-c", code).stdout.splitlines()[-1]


def test_the_answer_is_printed_and_kept(terminal, api_server):
    api_server.answer(["Hello", " world 🎈"])
    output, errors = (process := start(terminal, "Hi?")).communicate(timeout=60)
    assert (output, errors, process.returncode) == ("Hello world 🎈\n", "", 0)
    assert stored(terminal) == "('Hi?', 'complete', 'Hello world 🎈')"


def test_the_answer_is_printed_as_it_arrives_and_ctrl_c_stops_it(terminal, api_server):
    api_server.behaviour = stall(["So far"])
    with start(terminal, "Go on") as process:
        assert process.stdout.read(6) == "So far"  # while the API holds back the rest
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert process.stderr.read() == "The answer was stopped.\n"
    assert api_server.requests[0].closed.wait(20)
    assert stored(terminal) == "('Go on', 'stopped', 'So far')"


def test_ctrl_c_stops_a_question_that_waits(terminal, api_server):
    terminal.environment |= {"ASKME_RUNNING_PER_USER": "1"}
    api_server.behaviour = stall(["So far"])
    with start(terminal, "First") as first, start(terminal, "Second") as second:
        code = "from answers.models import Answer; print(Answer.objects.queued().count())"
        api_server.wait_for_requests(1)  # before it, the one that waits may be the one that runs next
        wait_for(lambda: terminal.manage("shell", "-c", code).stdout.endswith("1\n"), 60, "one waits")
        running, waiting = (first, second) if "First" in api_server.requests[0].question else (second, first)
        waiting.send_signal(signal.SIGINT)
        assert waiting.wait(20) == 130
        assert waiting.stderr.read() == "The answer was stopped.\n"
        running.send_signal(signal.SIGINT)
        assert running.wait(20) == 130
    assert len(api_server.requests) == 1


SLOW_SAVE = """
import sys
import django
django.setup()
from django.core.management import call_command
from answers.engine import queue

def next_place(*arguments, find=queue.next_place):
    print("saving", file=sys.stderr, flush=True)
    sys.stdin.readline()
    return find(*arguments)

queue.next_place = next_place
call_command("ask", "Hi?")
"""


def test_ctrl_c_while_the_question_is_saved_stops_it(terminal, api_server):
    api_server.behaviour = stall(["So far"])
    terminal.environment |= {"DJANGO_SETTINGS_MODULE": "askme.settings"}
    with run(terminal, "-c", SLOW_SAVE) as process:
        assert process.stderr.readline() == "saving\n"
        process.send_signal(signal.SIGINT)
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.wait(20) == 130
        assert process.stderr.read() == "The answer was stopped.\n"
    assert stored(terminal).startswith("('Hi?', 'stopped', ")


def test_a_closed_pipe_stops_the_answer(terminal, api_server):
    api_server.behaviour = stall(["So far"])
    with start(terminal, "Go on") as process:
        assert process.stdout.read(6) == "So far"
        process.stdout.close()
        api_server.requests[0].chunk(", so good")
        assert process.wait(20) == 130
        assert process.stderr.read() == "The answer was stopped.\n"
    assert api_server.requests[0].closed.wait(20)


def test_a_failure_is_a_sentence_and_an_exit_code(terminal, api_server):
    api_server.behaviour = refuse(401, "bad key")
    output, errors = (process := start(terminal, "Hi?")).communicate(timeout=60)
    assert process.returncode == 1
    assert output.strip() == ""
    assert errors.count("\n") == 1
    assert "Traceback" not in errors
    assert "sk-test" not in errors


def test_a_question_can_come_from_standard_input(terminal, api_server):
    process = start(terminal, "-")
    process.communicate("From a pipe", timeout=60)
    assert process.returncode == 0
    assert api_server.requests[0].question == "From a pipe"


def test_a_blank_question_is_refused(terminal, api_server):
    _, errors = (process := start(terminal, "  ")).communicate(timeout=60)
    assert (process.returncode, errors) == (2, "CommandError: Please type a question first.\n")
    assert api_server.requests == []


def test_a_model_can_be_chosen_by_its_name(terminal, api_server):
    terminal.environment |= {"ASKME_MODEL": "", "ASKME_MODELS": "Fast=small, Thorough=large"}
    for arguments in ([], ["--model", "large"]):
        process = start(terminal, "Hi?", *arguments)
        assert process.communicate(timeout=60)[1] == ""
    assert [request.body["model"] for request in api_server.requests] == ["small", "large"]
    labels = "from answers.models import Answer; print(*Answer.objects.values_list('model_label', flat=True))"
    assert terminal.manage("shell", "-c", labels).stdout.splitlines()[-1] == "Thorough Fast"
    _, errors = (process := start(terminal, "Hi?", "--model", "Thorough")).communicate(timeout=60)
    assert process.returncode == 2
    assert errors == "CommandError: This model is no longer available. Please choose another.\n"
    assert len(api_server.requests) == 2


def test_a_length_limit_is_named(terminal, api_server):
    api_server.behaviour = answer(["Cut"], finish="length")
    output, errors = (process := start(terminal, "Hi?")).communicate(timeout=60)
    assert (output, errors, process.returncode) == ("Cut\n", "The answer reached its length limit.\n", 0)


def thoughtful(exchange):
    exchange.head()
    exchange.chunk({"reasoning_content": "Hm. "})
    url = {"type": "url_citation", "url_citation": {"url": "https://example.org/", "title": "Example"}}
    other = {"type": "url_citation", "url_citation": {"url": "https://example.com/"}}
    exchange.chunk({"content": "Yes.", "annotations": [url, other]})
    exchange.finish()


def test_only_the_answer_goes_to_standard_output(terminal, api_server):
    api_server.behaviour = thoughtful
    output, errors = (process := start(terminal, "Hi?")).communicate(timeout=60)
    assert (output, process.returncode) == ("Yes.\n", 0)
    assert errors == "[1] Example: https://example.org/\n[2] https://example.com/\n"


def test_text_that_was_reasoning_is_told_from_the_answer(terminal, api_server):
    def misled(exchange):
        exchange.head()
        exchange.chunk("Hm.")
        exchange.stall()
        exchange.chunk("\n</think>\n")
        exchange.chunk("Yes.")
        exchange.finish()

    api_server.behaviour = misled
    with start(terminal, "Hi?") as process:
        assert process.stdout.read(3) == "Hm."
        api_server.release()
        assert process.stdout.read() == "\nYes.\n"
        assert process.stderr.read() == "That was the model's reasoning. Here is its answer:\n"
