"""The usage page: its sums, its days, who may see it, and that the content security policy allows it."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from answers.models import UsageLog
from answers.models.days import start_of
from tests.support.staff import operator as log_in_operator
from tests.support.usage import day, log_in_staff, make_people, make_personal, make_usage

pytestmark = pytest.mark.django_db
URL = "/admin/answers/dailyusage/"


@pytest.fixture
def operator(db):
    return log_in_operator()


def tiles(response):
    return {tile.name: (tile.value, tile.note) for tile in response.context["tiles"]}


def section(response, name):
    [found] = [one for one in response.context["sections"] if one.name == name]
    return found


def legend(response, name):
    return {one.label: one.sum for one in section(response, name).plot.series}


def rows(response, name):
    return [row[1:] for row in section(response, name).table.rows]


def test_the_numbers_are_the_sums_of_the_days(operator):
    make_usage(0, answers=90, prompt_tokens=1_000, completion_tokens=500, cost="1.5", times=[1.0] * 90)
    make_usage(1, answers=6, status="failed", error_code="timeout", prompt_tokens=500)
    make_usage(1, answers=4, status="failed", error_code="busy")
    make_usage(29, answers=100, model="nova", good=3, bad=1, cost="0.5", times=[9.0] * 10, cost_unknown=2)
    make_usage(30, answers=210)  # the day before
    make_people(0, 7)
    make_people(29, 9)
    response = operator.get(URL)
    assert tiles(response) == {
        "Answers": ("200", "5% fewer than in the 30 days before"),
        "Complete": ("95%", ""),
        "Failed": ("5%", "most often timeout"),
        "First text": ("1.02 s", "95% within 9.11 s"),
        "People": ("9", "on the busiest day"),
        "Tokens": ("2k", "1.5k in prompts, 500 in answers"),
        "Cost": ("2.00 USD", "unknown for 2 answers"),
        "Rated good": ("75%", "of 4 ratings"),
    }
    assert legend(response, "answers") == {"Complete": "190", "Failed": "10"}
    assert rows(response, "answers") == [["90", "0", "90"], ["0", "10", "10"], ["100", "0", "100"]]
    assert legend(response, "tokens") == {"luna": "2k"}
    assert legend(response, "cost") == {"nova": "0.5000 USD", "luna": "1.50 USD"}
    assert legend(response, "errors") == {"timeout": "6", "busy": "4"}
    assert legend(response, "people") == {"People who asked": "at most 9"}
    assert legend(response, "ratings") == {"Good": "3", "Bad": "1"}
    assert rows(response, "first-text") == [["1.02 s", "1.02 s"], ["9.11 s", "9.11 s"]]


@pytest.mark.parametrize("language", ["en", "de", "es", "fr"])
def test_the_plots_are_drawn_in_every_language(operator, language, monkeypatch):
    """SVG has no decimal commas. On a site that embeds askme, the admin may be in any language."""
    monkeypatch.setattr("askme.language.ADMIN", "/not-the-admin/")
    make_usage(0, answers=90)
    make_usage(12, answers=60)
    html = operator.get(URL, headers={"Accept-Language": language}).content.decode()
    assert f'<html lang="{language}"' in html
    drawings = "".join(re.findall(r'<div class="plot".*?</div>', html, re.DOTALL))
    assert re.search(r' y="[0-9]+\.[0-9]+%"', drawings)
    for value in re.findall(r' (?:d|x|y|viewBox)="([^"]*)"', drawings):
        assert re.fullmatch(r"[0-9.emMHVLz %+-]+", value), value


def test_answers_that_are_not_in_the_daily_figures_yet_are_counted(operator):
    moment = start_of(day(0)) + timedelta(hours=1)
    UsageLog.objects.create(answer="0" * 32, asked_at=moment, status="complete", model="luna")
    assert tiles(operator.get(URL))["Answers"][0] == "1"


def test_it_is_compared_with_as_many_days_before(operator):
    make_usage(6, answers=112, cost="1")
    make_usage(7, answers=60, cost="2")
    make_usage(13, answers=40)
    make_usage(14, answers=1_000)
    shown = tiles(operator.get(f"{URL}?days=7"))
    assert shown["Answers"] == ("112", "12% more than in the 7 days before")
    assert shown["Cost"] == ("1.00 USD", "50% less than in the 7 days before")


def test_the_range_is_a_number_of_days_or_two_dates(operator):
    def shown(query):
        found = operator.get(f"{URL}?{query}").context["range"]
        return found.since, found.until

    assert shown("") == shown("days=30") == shown("days=31") == shown("days=x") == (day(29), day(0))
    assert shown("days=7") == (day(6), day(0))
    assert shown("days=365") == (day(364), day(0))
    assert shown(f"since={day(9)}&until={day(8)}") == (day(9), day(8))
    assert shown(f"since={day(9)}&until={day(9)}") == (day(9), day(9))


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("since=2026-02-02&until=2026-02-01", "The first day is after the last one."),
        ("since=2024-01-01&until=2025-06-01", "Choose at most 366 days."),
        ("since=2026-02-02", "To: This field is required."),
        ("since=x&until=%00", "From: Enter a valid date."),
        ("since=9999-12-31&until=9999-12-31", "There are no figures of that year."),
        ("since=0001-01-01&until=0001-01-01", "There are no figures of that year."),
    ],
)
def test_any_dates_get_a_page(operator, query, problem):
    response = operator.get(f"{URL}?{query}")
    assert response.status_code == 200
    assert problem in response.content.decode()


def test_a_long_range_is_shown_in_weeks(operator):
    for number in range(100):
        make_usage(number, times=[1.0])
        make_people(number, number + 1)
    response = operator.get(f"{URL}?since={day(100)}&until={day(0)}")
    plot = section(response, "answers").plot
    assert plot.width == 14  # and of 101 days, the three that are left belong to the first week
    counts = [row[0] for row in rows(response, "answers")]
    assert counts == ["7"] * 13 + ["9"]
    assert [row[0] for row in rows(response, "people")][:2] == ["7", "14"]  # the most on a day, not the sum
    assert section(operator.get(f"{URL}?days=90"), "answers").plot.width == 90


def test_many_models_share_a_colour(operator):
    for number in range(8):
        make_usage(0, answers=100 - number, model=f"m{number}", prompt_tokens=10)
    response = operator.get(URL)
    assert list(legend(response, "tokens")) == ["m0", "m1", "m2", "m3", "m4", "others"]
    assert rows(response, "tokens") == [["10"] * 5 + ["30", "80"]]
    assert len(response.context["models"]) == 8  # the table below has them all


def test_without_any_answer_it_says_so(operator):
    html = operator.get(URL).content.decode()
    assert "No answers ended in this period." in html
    assert "<svg class=" not in html


def test_what_it_shows_is_text_and_needs_no_inline_style_or_script(operator):
    make_usage(0, model="<b>&\"'</b>", cost="1", prompt_tokens=5)
    html = operator.get(URL).content.decode()
    assert '<b>&"' not in html
    assert html.count("&lt;b&gt;&amp;") >= 3
    assert not re.search(r"style=|<style| on\w+=|<script(?![^>]* src=)(?![^>]*application/json)", html)


def test_names_are_for_those_who_may_see_people(client):
    alice = User.objects.create_user("alice")
    make_usage(0)
    make_personal(alice, answers=3, prompt_tokens=20, completion_tokens=5)
    for rights, name in ((["view_dailyusage"], "not shown"), (["view_dailyusage", "view_user"], "alice")):
        log_in_staff(client, *rights, name="-".join(rights))
        html = client.get(URL).content.decode()
        assert ("alice" in html) == (name == "alice")
        assert f"/accounts/user/{alice.pk}/" in html if name == "alice" else name in html
        assert "<td>3</td><td>25</td>" in html


def test_only_those_who_may_view_usage_open_it(client):
    assert client.get(URL).status_code == 302
    log_in_staff(client, "view_answer", "read_answer", "view_process")
    assert client.get(URL).status_code == 403
    assert URL not in client.get("/admin/").content.decode()
    log_in_staff(client, "view_dailyusage", name="other")
    assert client.get(URL).status_code == 200
    assert URL in client.get("/admin/").content.decode()


def test_nobody_can_change_figures_in_the_admin(operator):
    usage = make_usage(0)
    for path in ("add/", f"{usage.pk}/change/", f"{usage.pk}/delete/", f"{usage.pk}/history/"):
        assert operator.get(URL + path).status_code == 404
    operator.post(URL, {"action": "delete_selected", "_selected_action": usage.pk, "post": "yes"})
    usage.refresh_from_db()


def test_a_year_takes_as_many_statements_as_a_week(operator):
    for number in range(400):
        make_usage(number, cost="1", times=[1.0])
        make_people(number, 3)
    counts = []
    for days in (7, 365):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            operator.get(f"{URL}?days={days}")
        counts.append(len(queries))
    assert counts[0] == counts[1]
