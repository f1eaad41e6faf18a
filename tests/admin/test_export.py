"""Exports from the list of answers in the admin: what is in them, and what the audit says of them."""

import re
import uuid
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from asgiref.sync import async_to_sync

from accounts.models import User
from answers.admin import export as export_view
from answers.admin.export_files import COLUMNS
from answers.models import Answer, AuditEntry, Rating, Status
from tests.support.answers import make_answer
from tests.support.exports import LIST, address, body, buttons, export, objects_of, rows_of
from tests.support.staff import operator as log_in_operator

# The stream gives its connection back after each part, which ends a transaction.
pytestmark = pytest.mark.django_db(transaction=True)

SOURCES = [("https://example.org/", "Title"), ("https://b.example", "")]


@pytest.fixture
def alice():
    return User.objects.create_user("alice")


@pytest.fixture
def operator(db):
    return log_in_operator()


@pytest.fixture
def answer(alice):
    before = make_answer(alice, "What is it?", text="Air.")
    return make_answer(
        alice,
        "Why is it “blue”?\nTell.",
        text="Because, of: scattering; and 👍🏽.",
        days=1,
        follows=before.pk,
        reasoning="A thought.",
        sources=[
            {"url": "https://example.org/", "title": "Title"},
            {"url": "https://b.example", "title": ""},
        ],
        model="gpt-test",
        model_label="Thorough",
        rating=Rating.BAD,
        rating_note="It is wrong.",
        prompt_tokens=7,
        cached_tokens=5,
        completion_tokens=3,
        tokens_estimated=True,
        cost=Decimal("0.01230000"),
        started_at=datetime(2026, 3, 2, 12, 0, 1, tzinfo=UTC),
        first_text_seconds=1.23456,
        seconds=2,
        sent_turns=1,
        response_id="resp-1",
        request_id="req-1",
        error_detail="HTTP 503",
    )


def test_a_csv_file_has_every_column_of_the_log(operator, answer, settings):
    settings.ASKME_CURRENCY = "EUR"
    row, before = rows_of(export(operator, "csv"))
    assert before["question"] == "What is it?"
    assert {name: row[name] for name in row if row[name]} == {
        "id": str(answer.pk),
        "thread": before["id"],
        "follows": before["id"],
        "asked_at_utc": "2026-03-02 12:00:00",
        "started_at_utc": "2026-03-02 12:00:01",
        "person_id": str(answer.user_id),
        "person": "alice",
        "status": "complete",
        "model": "gpt-test",
        "model_label": "Thorough",
        "question": "Why is it “blue”?\nTell.",
        "text": "Because, of: scattering; and 👍🏽.",
        "reasoning": "A thought.",
        "sources": "Title https://example.org/\nhttps://b.example",
        "rating": "bad",
        "rating_note": "It is wrong.",
        "error_detail": "HTTP 503",
        "prompt_tokens": "7",
        "cached_tokens": "5",
        "completion_tokens": "3",
        "tokens_estimated": "true",
        "cost": "0.0123",
        "currency": "EUR",
        "first_text_seconds": "1.235",
        "seconds": "2.000",
        "sent_turns": "1",
        "response_id": "resp-1",
        "request_id": "req-1",
    }
    # Everything that the model has, but for what only the engine needs, and under the names of the log.
    assert set(COLUMNS) - {"person", "person_id"} == {field.name for field in Answer._meta.fields} - {
        *("user", "process", "edition", "turn")
    }


def test_json_lines_have_the_same_as_they_are_stored(operator, answer):
    text = export(operator, "jsonl")
    assert text.endswith("}\n")
    row, before = objects_of(text)
    assert list(row) == [*COLUMNS, "currency"]
    assert row["text"] == "Because, of: scattering; and 👍🏽."
    assert "👍🏽" in text
    assert row["asked_at"] == "2026-03-02T12:00:00+00:00"
    assert row["sources"][1] == {"url": "https://b.example", "title": ""}
    assert (row["cost"], row["currency"], row["rating"]) == (0.0123, "USD", "bad")
    assert (row["first_text_seconds"], row["tokens_estimated"]) == (1.23456, True)
    assert (before["cost"], before["currency"], before["rating"], before["follows"]) == (None,) * 4


def test_a_line_of_json_is_one_line_for_every_program(operator, alice):
    question = "One\u2028two\u2029three\x85four\r\nfive"
    make_answer(alice, question)
    [row] = objects_of(export(operator, "jsonl"))
    assert row["question"] == question


def test_the_buttons_keep_filters_and_search(operator, alice):
    make_answer(alice, "Green or red?", status=Status.FAILED)
    make_answer(alice, "Blue?", status=Status.FAILED)
    make_answer(alice, "Green?")
    page = operator.get(LIST, {"status": "failed", "q": "green"})
    paths = buttons(page)
    assert list(paths) == ["CSV", "JSON Lines", "Rated answers"]
    response = operator.post(paths["JSON Lines"])
    assert [row["question"] for row in objects_of(body(response))] == ["Green or red?"]
    name = rf"askme-answers-{datetime.now(UTC):%Y-%m-%d}\.jsonl"
    assert re.fullmatch(f'attachment; filename="{name}"', response.headers["Content-Disposition"])
    assert response.headers["Content-Type"] == "application/x-ndjson"
    assert "no-store" in response.headers["Cache-Control"]
    entry = AuditEntry.objects.get(action="exported")
    assert (entry.staff_name, entry.words, entry.number) == ("operator", "green", 1)
    assert entry.what == "JSON Lines: status=failed"


def test_the_audit_knows_of_an_export_that_nobody_reads(operator, alice):
    for number in range(3):
        make_answer(alice, f"{number}?")
    operator.post(address("csv")).close()
    entry = AuditEntry.objects.get(action="exported")
    assert (entry.what, entry.number) == ("CSV", 3)


def test_the_audit_knows_whose_answers_were_exported(operator, alice):
    make_answer(alice, "Mine?")
    make_answer(User.objects.create_user("bob"), "Bob's?")
    [row] = objects_of(export(operator, "jsonl", f"?user={alice.pk}"))
    assert row["question"] == "Mine?"
    export(operator, "jsonl")
    assert list(AuditEntry.objects.order_by("pk").values_list("person", "number")) == [("alice", 1), ("", 2)]


@pytest.mark.parametrize("choice", ["csv", "jsonl"])
def test_a_file_ends_at_the_limit_and_says_so(operator, alice, settings, choice):
    settings.ASKME_EXPORT_ROWS = 3
    for day in range(3):
        make_answer(alice, f"{day}?", days=day)
    sentence = (
        "This file is not complete: it ends after 3 answers (ASKME_EXPORT_ROWS)."
        " manage.py export_answers has no such limit."
    )
    assert "not complete" not in export(operator, choice)
    make_answer(alice, "3?", days=3)
    text = export(operator, choice)
    *rows, last = rows_of(text) if choice == "csv" else objects_of(text)
    assert [row["question"] for row in rows] == ["3?", "2?", "1?"]
    if choice == "csv":
        assert last.pop("id") == sentence
        assert set(last.values()) == {""}
    else:
        assert last == {"note": sentence}
    assert AuditEntry.objects.latest("pk").number == 3


def test_a_file_says_that_the_database_failed(operator, answer, monkeypatch, caplog):
    def fail(*args):
        raise RuntimeError("The database is away.")

    monkeypatch.setattr(export_view.Export, "_rows", fail)
    text = export(operator, "jsonl")
    assert objects_of(text)[-1]["note"] == "This file is not complete: the export failed after 0 answers."
    assert "The database is away." in caplog.text


def test_a_filter_that_is_not_one_exports_nothing(operator, answer):
    response = operator.post(address("csv", "?status=failed&rating=x"))
    assert response.status_code == 302
    assert operator.post(address("csv", "?user__password__startswith=x")).status_code == 400
    assert not AuditEntry.objects.filter(action="exported").exists()


def test_an_answer_that_is_deleted_meanwhile_is_left_out(operator, alice):
    for day in range(4):
        make_answer(alice, f"{day}?", text="x" * 600_000, days=day)  # each is a batch of its own
    response = operator.post(address("jsonl"))

    async def read():
        parts = response.streaming_content
        first = [await anext(parts)]
        await Answer.objects.filter(question="1?").adelete()
        return b"".join(first + [part async for part in parts]).decode()

    questions = [row["question"] for row in objects_of(async_to_sync(read)())]
    assert questions == ["3?", "2?", "0?"]


def test_answers_of_the_same_moment_are_all_there_once(operator, alice):
    rows = [
        Answer(user=alice, thread=uuid.uuid4(), question="?", status=Status.COMPLETE) for _ in range(1_100)
    ]
    Answer.objects.bulk_create(rows)
    Answer.objects.update(asked_at=datetime(2026, 3, 1, tzinfo=UTC))
    ids = [row["id"] for row in objects_of(export(operator, "jsonl"))]
    assert sorted(ids) == sorted(str(row.pk) for row in rows)
