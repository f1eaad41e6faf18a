"""A cost that nobody knows is not shown as nothing, and is counted."""

import pytest

from accounts.models import User
from answers.models import Status
from tests.support.answers import make_answer
from tests.support.staff import operator, staff
from tests.support.usage import make_personal, make_usage

pytestmark = pytest.mark.django_db
USAGE = "/admin/answers/dailyusage/"


def section(page, name):
    [found] = [one for one in page.context["sections"] if one.name == name]
    return found


def cost_tile(page):
    [tile] = [one for one in page.context["tiles"] if one.name == "Cost"]
    return tile.value, tile.note


def test_without_any_known_cost_the_usage_page_says_that_it_is_unknown():
    make_usage(0, answers=1_200, cost_unknown=1_200, prompt_tokens=9)
    make_personal(User.objects.create_user("alice"), answers=1_200, prompt_tokens=9)
    page = operator().get(USAGE)
    assert cost_tile(page) == ("–", "unknown for 1,200 answers")
    assert section(page, "cost").plot.is_empty
    html = page.content.decode()
    assert "Costs of 1,200 answers are unknown (–) and not included." in html
    assert "Costs of 1,200 answers in this period are unknown" in html  # below the busiest people
    assert [one.cost for one in page.context["busiest"]] == ["–"]
    assert "0.00" not in html


def test_days_models_and_people_with_an_unknown_cost_are_told_apart():
    make_usage(0, answers=9, cost="1.5", prompt_tokens=9)
    make_usage(1, answers=4, model="nova", cost_unknown=4)
    make_usage(2, answers=5, model="nova", cost="2", cost_unknown=1)
    page = operator().get(USAGE)
    table = section(page, "cost").table
    assert table.headings[1:] == ["luna", "nova", "All", "Unknown"]
    assert [row[1:] for row in table.rows] == [
        ["1.50", "0.00", "1.50", "0"],
        ["–", "–", "–", "4"],
        ["0.00", "2.00", "2.00", "1"],
    ]
    assert cost_tile(page)[0] == "3.50 USD"


def test_what_is_known_to_be_free_costs_nothing():
    make_usage(0, answers=9, prompt_tokens=9)
    make_personal(User.objects.create_user("alice"), answers=9, prompt_tokens=9)
    page = operator().get(USAGE)
    assert cost_tile(page)[0] == "0.00 USD"
    assert [one.cost for one in page.context["busiest"]] == ["0.00 USD"]
    assert "in this period are unknown" not in page.content.decode()
    assert "Unknown" not in section(page, "cost").table.headings


def test_the_list_of_answers_marks_an_unknown_cost_once_the_answer_has_ended():
    alice = User.objects.create_user("alice")
    make_answer(alice, "Ended?")
    make_answer(alice, "Free?", cost=0)
    make_answer(alice, "Still running?", status=Status.RUNNING)
    page = staff("view_answer").get("/admin/answers/answer/").content.decode()
    assert page.count('<abbr title="The cost is unknown.">–</abbr>') == 1
