"""The usage page: how many answers there were, how they ended, what they cost. It shows no text."""

from typing import Any, NamedTuple

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from answers.admin import numbers
from answers.admin.overview import OverviewAdmin
from answers.admin.ranges import CHOICES, chosen
from answers.admin.rights import may_see_people
from answers.admin.usage_plots import NO_MODEL, sections
from answers.models import DailyUsage, Status, figures
from answers.models.usage_report import Report, median, p95, tokens

BUSIEST = 20
MOST_BARS, WEEK = 100, 7  # of more days, each bar is a week


class Tile(NamedTuple):
    """One number at the top of the page."""

    name: str
    value: str
    note: str = ""


class BusyPerson(NamedTuple):
    name: str  # empty if it must not be shown, or the account is deleted
    url: str  # of the person's page in the admin, if there is one
    answers: str
    tokens: str
    cost: str


@admin.register(DailyUsage)
class DailyUsageAdmin(OverviewAdmin):
    template, title = "admin/answers/usage.html", "Usage"

    def page_context(self, request: HttpRequest) -> dict[str, Any]:
        days, form = chosen(request.GET, figures.today())
        is_long = (days.until - days.since).days >= MOST_BARS
        report = Report(days.since, days.until, days_each=WEEK if is_long else 1)
        return {
            "range": days,
            "dates": f"{days.since:%-d %B %Y} to {days.until:%-d %B %Y}",
            "choices": CHOICES,
            "form": form,
            "is_empty": not report.total.answers,
            "tiles": tiles(report),
            "sections": sections(report),
            "models": models(report),
            "busiest": busiest(request, report),
            "unknown_costs": _unknown_costs(report),
            "may_see_people": may_see_people(request),
        }


def tiles(report: Report) -> list[Tile]:
    whole, days = report.total, report.days
    before = report.before().total
    ends = report.by(lambda row: row.status)
    complete, failed = (ends[end].answers if end in ends else 0 for end in (Status.COMPLETE, Status.FAILED))
    most = max(report.people.values(), default=0)
    rated = whole.good + whole.bad
    prompt, completion = numbers.short(whole.prompt_tokens), numbers.short(whole.completion_tokens)
    doubts = [
        f"unknown for {numbers.plural(whole.cost_unknown, 'answer')}" if whole.cost_unknown else "",
        numbers.change(float(whole.cost), float(before.cost), days, less="less"),
    ]
    return [
        Tile("Answers", numbers.count(whole.answers), numbers.change(whole.answers, before.answers, days)),
        Tile("Complete", numbers.share(complete, whole.answers)),
        Tile("Failed", numbers.share(failed, whole.answers), _most_frequent_error(report)),
        Tile("First text", numbers.seconds(median(whole)), f"95% within {numbers.seconds(p95(whole))}"),
        Tile("People", numbers.count(most), "on the busiest day"),
        Tile(
            "Tokens",
            numbers.short(tokens(whole)),
            f"{prompt} in prompts, {completion} in answers",
        ),
        Tile("Cost", numbers.cost(whole.cost, whole.cost_unknown), numbers.sentence(doubts)),
        Tile("Rated good", numbers.share(whole.good, rated), f"of {numbers.plural(rated, 'rating')}"),
    ]


def _most_frequent_error(report: Report) -> str:
    codes = [code for code in report.by(lambda row: row.error_code) if code]
    return f"most often {codes[0]}" if codes else ""


def models(report: Report) -> list[list[str]]:
    """For each model, as the table by model shows it."""
    return [
        [
            name,
            numbers.count(of.answers),
            numbers.cost(of.cost, of.cost_unknown),
            numbers.count(of.cost_unknown),
            numbers.seconds(median(of)),
            numbers.seconds(p95(of)),
            numbers.short(of.prompt_tokens),
            numbers.short(of.cached_tokens),
            numbers.short(of.completion_tokens),
            numbers.short(of.reasoning_tokens),
            numbers.count(of.tokens_estimated),
        ]
        for name, of in report.by(lambda row: row.model or NO_MODEL).items()
    ]


def busiest(request: HttpRequest, report: Report) -> list[BusyPerson]:
    rows = figures.busiest(report.since, report.until, BUSIEST)
    names = get_user_model()._default_manager.in_bulk([row.user_id for row in rows])
    shown = names if may_see_people(request) else {}
    return [
        BusyPerson(
            str(shown.get(row.user_id, "")),
            _page_of(row.user_id) if row.user_id in shown else "",
            numbers.count(row.answers),
            numbers.count(row.tokens),
            numbers.cost(row.cost, report.total.cost_unknown),
        )
        for row in rows
    ]


def _unknown_costs(report: Report) -> str:
    unknown = report.total.cost_unknown
    return numbers.plural(unknown, "answer") if unknown else ""


def _page_of(user_id: Any) -> str:
    user = get_user_model()._meta
    try:
        return reverse(f"admin:{user.app_label}_{user.model_name}_change", args=[user_id])
    except NoReverseMatch:  # the site has no admin of its users
        return ""
