"""`manage.py export_answers`: which answers it writes, where, and what stays behind."""

import csv
import io
import json
import os
import stat
import subprocess
import sys
import uuid
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from answers.models import Answer, AuditEntry, Rating, Status
from tests.support.sites import ROOT


def ask(user, question, *moment, follows=None, **fields):
    answer = Answer.objects.ask(user, uuid.uuid4(), question, follows=follows)
    asked_at = datetime(2026, 3, *moment, tzinfo=ZoneInfo("Europe/Berlin"))
    fields = {"status": Status.COMPLETE, "text": f"To {question}", "model": "gpt"} | fields
    Answer.objects.filter(pk=answer.pk).update(asked_at=asked_at, **fields)
    return answer.pk


def fill():
    alice, bob = [User.objects.create_user(name) for name in ("alice", "bob")]
    one = ask(alice, "One?", 1, 0, 0)
    two = ask(alice, "Two?", 1, 23, 59, follows=one, sent_turns=1, rating=Rating.GOOD)
    ask(alice, "Two again?", 2, 0, 0, follows=one, rating=Rating.BAD, rating_note="It forgot.")
    bad = {"rating": Rating.BAD, "model": "other", "status": Status.STOPPED}
    ask(alice, "Three?", 3, 12, follows=two, sent_turns=2, **bad)
    ask(bob, "=Four?", 4, 12, status=Status.FAILED, text="", error_detail="HTTP 503")


@pytest.fixture
def filled(db, settings):
    settings.TIME_ZONE = "Europe/Berlin"
    fill()


def export(*arguments):
    """Return the rows of JSON Lines, and what the command said about them."""
    out, said = io.StringIO(), io.StringIO()
    call_command("export_answers", *arguments, stdout=out, stderr=said)
    return [json.loads(line) for line in out.getvalue().splitlines()], said.getvalue()


@pytest.mark.parametrize(
    ("arguments", "questions"),
    [
        ("", ["=Four?", "Three?", "Two again?", "Two?", "One?"]),
        ("--since 2026-03-02", ["=Four?", "Three?", "Two again?"]),
        ("--until 2026-03-01", ["Two?", "One?"]),
        ("--since 2026-03-01 --until 2026-03-01", ["Two?", "One?"]),
        ("--user bob", ["=Four?"]),
        ("--status stopped", ["Three?"]),
        ("--model gpt --user alice", ["Two again?", "Two?", "One?"]),
        ("--rated", ["Three?", "Two again?", "Two?"]),
        ("--rated --until 2026-03-02", ["Two again?", "Two?"]),
        ("--since 9999-12-30 --until 9999-12-30", []),
    ],
)
def test_it_writes_the_answers_that_it_is_asked_for(filled, arguments, questions):
    rows, said = export(*arguments.split())
    assert [row["question"] for row in rows] == questions
    assert said == f"{len(questions)} answer{'' if len(questions) == 1 else 's'}.\n"


def test_it_has_no_limit_and_everything_that_the_admin_shows(filled, settings):
    settings.ASKME_EXPORT_ROWS = 1
    rows, _ = export()
    assert (rows[0]["person"], rows[0]["error_detail"], rows[0]["follows"]) == ("bob", "HTTP 503", None)
    assert rows[1]["follows"] == rows[3]["id"]
    assert rows[4]["asked_at"] == "2026-02-28T23:00:00+00:00"


def test_rated_answers_come_with_what_was_sent_and_without_who_asked(filled):
    [three, again, two], _ = export("--rated")
    turns = [{"question": "One?", "answer": "To One?"}, {"question": "Two?", "answer": "To Two?"}]
    assert three.pop("id")
    assert three == {
        "asked_at": "2026-03-03T11:00:00+00:00",
        "status": "stopped",
        "model": "other",
        "model_label": "",
        "rating": "bad",
        "note": "",
        "conversation": turns,
        "question": "Three?",
        "answer": "To Three?",
    }
    assert (again["conversation"], again["note"]) == ([], "It forgot.")  # nothing was sent with it
    assert (two["conversation"], two["rating"]) == (turns[:1], "good")


def test_only_the_owner_can_read_the_file_and_it_replaces_an_old_one(filled, tmp_path):
    path = tmp_path / "answers.csv"
    path.write_text("old")
    path.chmod(0o644)
    path.with_name("answers.csv.part").write_text("left by one that was killed")
    rows, said = export("--format", "csv", "--output", str(path))
    assert (rows, said) == ([], "5 answers.\n")
    cells = list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))
    assert [row["question"] for row in cells] == ["'=Four?", "Three?", "Two again?", "Two?", "One?"]
    assert cells[4]["asked_at_utc"] == "2026-02-28 23:00:00"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_not_complete_does_not_get_the_name(filled, tmp_path, monkeypatch):
    path = tmp_path / "answers.jsonl"
    path.write_text("old")

    def fail(*args):
        raise RuntimeError("The database is away.")

    monkeypatch.setattr("answers.admin.export_files.batches", fail)
    with pytest.raises(RuntimeError):
        export("--output", str(path))
    assert path.read_text() == "old"


def test_the_audit_says_what_was_exported(filled):
    export("--user", "alice", "--since", "2026-03-02")
    export("--rated")
    entries = AuditEntry.objects.order_by("pk").values_list("staff_name", "action", "what", "number")
    assert list(entries) == [
        ("(terminal)", "exported", "JSON Lines: since=2026-03-02, user=alice", 2),
        ("(terminal)", "exported", "rated answers as JSON Lines", 3),
    ]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ("--user carol", "There is no user “carol”."),
        ("--since yesterday", "“yesterday” is not a day like 2026-03-31"),
        ("--until 2026-02-30", "“2026-02-30” is not a day"),
        ("--since 0001-01-01", "“0001-01-01” is not a day"),
        ("--status done", "invalid choice: 'done'"),
        ("--rated --format csv", "Leave out --format csv."),
        ("--output /dev/null/file", "The file could not be written: "),
    ],
)
def test_it_says_what_is_wrong(filled, arguments, problem):
    with pytest.raises(CommandError, match=problem):
        export(*arguments.split())


FILL = "from tests.management.test_export_answers import fill; fill()"


def test_both_databases_write_the_same_files_in_a_process_of_their_own(any_database_site):
    site = any_database_site
    done = site.manage("shell", "-c", FILL)
    assert done.returncode == 0, done.stderr
    done = site.manage("export_answers", "--until", "2026-03-02")
    assert (done.returncode, done.stderr) == (0, "3 answers.\n")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["question"] for row in rows] == ["Two again?", "Two?", "One?"]
    done = site.manage("export_answers", "--rated")
    rated = [json.loads(line) for line in done.stdout.splitlines()]
    assert [len(row["conversation"]) for row in rated] == [2, 0, 1]
    # A reader that has seen enough, as after "| head", is no error.
    command = ["sh", "-c", f"{sys.executable} manage.py export_answers | head -c 1"]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | site.environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "{")
    assert "Error" not in done.stderr
