"""The usage page: how many answers there were, how they ended, what they cost. It shows no text."""

from typing import Any, NamedTuple

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, path, reverse

from answers.admin import numbers
from answers.admin.ranges import CHOICES, chosen
from answers.admin.rights import may_see_people
from answers.admin.usage_plots import NO_MODEL, sections
from answers.admin.warnings import operator_warnings
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
class DailyUsageAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Its list is the usage page, so it is in the index, and Django's permission to view it applies."""

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.changelist_view)
        return [path("", page, name="answers_dailyusage_changelist")]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        days, form = chosen(request.GET, figures.today())
        is_long = (days.until - days.since).days >= MOST_BARS
        report = Report(days.since, days.until, days_each=WEEK if is_long else 1)
        context = {
            **self.admin_site.each_context(request),
            "title": "Usage",
            "opts": self.opts,
            "media": self.media,
            "range": days,
            "dates": f"{days.since:%-d %B %Y} to {days.until:%-d %B %Y}",
            "choices": CHOICES,
            "form": form,
            "is_empty": not report.total.answers,
            "tiles": tiles(report),
            "sections": sections(report),
            "models": models(report),
            "busiest": busiest(request, report),
            "may_see_people": may_see_people(request),
            "operator_warnings": operator_warnings(),
        }
        return TemplateResponse(request, "admin/answers/usage.html", context | (extra_context or {}))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: DailyUsage | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: DailyUsage | None = None) -> bool:
        return False


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
        Tile("Cost", numbers.money(whole.cost), numbers.sentence(doubts)),
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
            numbers.money(of.cost) if of.cost or not of.cost_unknown else "-",
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
            numbers.money(row.cost),
        )
        for row in rows
    ]


def _page_of(user_id: Any) -> str:
    user = get_user_model()._meta
    try:
        return reverse(f"admin:{user.app_label}_{user.model_name}_change", args=[user_id])
    except NoReverseMatch:  # the site has no admin of its users
        return ""
