"""`manage.py usage`: the figures of the usage page, for a terminal and as JSON."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from tests.support.usage import day, make_people, make_personal, make_usage

pytestmark = pytest.mark.django_db


def run(*arguments):
    out = StringIO()
    call_command("usage", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def filled():
    make_usage(0, answers=90, prompt_tokens=1_000, completion_tokens=500, cost="1.5", times=[1.0] * 90)
    make_usage(1, answers=10, status="failed", error_code="timeout", model="", cost_unknown=10)
    make_usage(29, answers=5, model="nova", good=3, bad=1, cost="0.25")
    make_usage(30, answers=1_000)
    make_people(0, 7)
    make_personal(User.objects.create_user("alice"), answers=90, prompt_tokens=1_000, completion_tokens=500)


def test_the_tables_have_the_sums(filled):
    lines = [line.split() for line in run().splitlines()]
    assert lines[0] == f"{day(29)} to {day(0)}, costs in USD".split()
    rows = {line[0]: line[1:] for line in lines if line}
    assert rows["Days"][-3:] == ["complete", "failed", "people"]
    assert rows[f"{day(0)}"] == ["90", "1.02", "s", "1.02", "s", "1,500", "1.5000", "0", "90", "0", "7"]
    assert rows[f"{day(1)}"] == ["10", "-", "-", "0", "-", "10", "0", "10", "0"]
    assert f"{day(2)}" not in rows  # without answers
    assert rows["luna"] == ["90", "1.02", "s", "1.02", "s", "1,500", "1.5000", "0"]
    assert rows["timeout"] == ["10"]
    assert rows["105"] == ["1.02", "s", "1.02", "s", "1,500", "1.7500", "10", "3", "1"]  # all
    assert rows["alice"] == ["90", "1,500", "-"]


def test_the_json_has_the_same_sums(filled):
    found = json.loads(run("--json"))
    assert (found["since"], found["until"], found["currency"]) == (f"{day(29)}", f"{day(0)}", "USD")
    assert found["all"]["answers"] == sum(one["answers"] for one in found["days"]) == 105
    assert len(found["days"]) == 30
    last = found["days"][-1]
    assert (last["day"], last["people"], last["prompt_tokens"], last["cost"]) == (f"{day(0)}", 7, 1_000, 1.5)
    assert (last["first_text_median"], found["days"][-2]["first_text_median"]) == (1.018, None)
    assert list(last["models"]) == ["luna"]
    assert found["days"][-2]["errors"]["timeout"]["answers"] == 10
    assert {key: one["answers"] for key, one in found["statuses"].items()} == {"complete": 95, "failed": 10}
    assert (found["all"]["good"], found["all"]["bad"]) == (3, 1)
    assert found["busiest"] == [{"person": "alice", "answers": 90, "tokens": 1_500, "cost": 0.0}]


def test_the_days_can_be_chosen(filled):
    assert json.loads(run("--json", "--days", "1"))["all"]["answers"] == 90
    chosen = ("--since", f"{day(30)}", "--until", f"{day(29)}")
    assert json.loads(run("--json", *chosen))["all"]["answers"] == 1_005


def test_without_answers_it_says_so():
    assert "No answers ended in this period." in run()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--days", "0"),
        ("--days", "-5"),
        ("--days", "99999999999"),
        ("--since", "x"),
        ("--since", "2026-02-30"),
        ("--until", "9999-12-31"),
        ("--since", "2026-02-02", "--until", "2026-02-01"),
        ("--since", "2001-01-01", "--until", "2026-01-01"),
    ],
)
def test_wrong_days_are_an_error_in_one_line(arguments):
    with pytest.raises(CommandError):
        run(*arguments)
