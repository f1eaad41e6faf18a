"""The page "Now": the running processes, and the answers that run or wait. It shows no text of an answer."""

from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from answers.admin.auditing import record
from answers.admin.numbers import count, span
from answers.admin.overview import OverviewAdmin
from answers.admin.rights import may_see_names, may_stop
from answers.admin.stopping import stop_answers
from answers.engine.lease import SILENT_SECONDS
from answers.models import Action, Answer, Process, PruneRun

SHOWN = 100  # of each: processes, running answers, waiting questions
COUNTED = 1_000  # of more it says "1,000+"
SLOW_SECONDS = 1.0  # a loop that is later than this delays what everybody sees


class StopForm(forms.Form):
    answer = forms.UUIDField()


class ProcessLine(NamedTuple):
    id: UUID
    name: str
    state: str  # "running", "draining" or "silent"
    started: str
    heartbeat: str
    lag: str
    is_slow: bool
    answers: int


class AnswerLine(NamedTuple):
    id: UUID
    person: str  # empty if it must not be shown
    model: str
    process: str
    asked: str  # how long ago
    running: str  # for how long; empty if it waits
    is_stopping: bool


class Now(NamedTuple):
    processes: list[ProcessLine]
    running: list[AnswerLine]
    waiting: list[AnswerLine]
    running_count: str
    waiting_count: str


@admin.register(Process)
class ProcessAdmin(OverviewAdmin):
    template, title = "admin/answers/now.html", "Now"

    def get_urls(self) -> list[URLPattern]:
        stop = self.admin_site.admin_view(self.stop_view)
        return [*super().get_urls(), path("stop/", stop, name="answers_process_stop")]

    def page_context(self, request: HttpRequest) -> dict[str, Any]:
        may_see_answers = request.user.has_perm("answers.view_answer")
        return {
            "now": now(with_names=may_see_names(request), with_answers=may_see_answers),
            "may_see_answers": may_see_answers,
            "may_stop": may_stop(request),
            "prune": _last_prune(),
        }

    def stop_view(self, request: HttpRequest) -> HttpResponse:
        """Stop one answer, in whichever process it runs, and return to the page."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request) or not may_stop(request):
            raise PermissionDenied
        form = StopForm(request.POST)
        stopped = stop_answers([form.cleaned_data["answer"]]) if form.is_valid() else []
        for answer in stopped:
            record(request, Action.STOPPED, f"answer {answer.pk}", person=answer.user)
        if stopped:
            messages.success(request, "The answer is being stopped.")
        else:
            messages.info(request, "The answer has already ended.")
        return HttpResponseRedirect(reverse("admin:answers_process_changelist"))


def now(*, with_names: bool, with_answers: bool) -> Now:
    """Everything from partial indexes with few rows, however many answers there are."""
    processes = list(Process.objects.order_by("started_at")[:SHOWN])
    running, waiting = Answer.objects.running(), Answer.objects.queued()
    names = {one.pk: _name(one) for one in processes}
    owners = list(running.values_list("process_id", flat=True)[:COUNTED])
    lines = [_process_line(one, owners.count(one.pk)) for one in processes]
    shown_running, shown_waiting = [], []
    if with_answers:
        first = _lines_of(running.order_by("process", "user", "turn"))
        shown_running = [_answer_line(one, names, with_names) for one in first]
        first = _lines_of(waiting.order_by("turn", "asked_at", "pk"))
        shown_waiting = [_answer_line(one, names, with_names) for one in first]
    return Now(lines, shown_running, shown_waiting, _capped(len(owners)), _capped(_number_of(waiting)))


def _lines_of(answers: QuerySet[Answer]) -> QuerySet[Answer]:
    name = get_user_model().USERNAME_FIELD
    columns = ("model", "model_label", "process", "asked_at", "started_at", "stop_requested_at")
    return answers.select_related("user").only(*columns, f"user__{name}")[:SHOWN]


def _number_of(answers: QuerySet[Answer]) -> int:
    return len(answers.values_list("pk")[:COUNTED])


def _capped(number: int) -> str:
    return f"{count(number)}+" if number == COUNTED else count(number)


def _name(process: Process) -> str:
    if process.host and process.pid:
        return f"{process.host}, {process.pid}"
    return process.host or str(process.pk)[:8]


def _process_line(process: Process, answers: int) -> ProcessLine:
    age = timezone.now() - process.heartbeat_at
    state = "draining" if process.draining else "running"
    return ProcessLine(
        id=process.pk,
        name=_name(process),
        state="silent" if age > timedelta(seconds=SILENT_SECONDS) else state,
        started=span(timezone.now() - process.started_at),
        heartbeat=span(age),
        lag="-" if process.lag_seconds is None else f"{1000 * process.lag_seconds:,.0f} ms",
        is_slow=(process.lag_seconds or 0) >= SLOW_SECONDS,
        answers=answers,
    )


def _answer_line(answer: Answer, names: dict[UUID, str], with_names: bool) -> AnswerLine:
    moment = timezone.now()
    return AnswerLine(
        id=answer.pk,
        person=str(answer.user) if with_names else "",
        model=answer.shown_model,
        process=names.get(answer.process_id, "gone") if answer.process_id else "",
        asked=span(moment - answer.asked_at),
        running=span(moment - answer.started_at) if answer.started_at else "",
        is_stopping=answer.stop_requested_at is not None,
    )


class LastPrune(NamedTuple):
    ended: str  # how long ago; empty if it has not ended yet
    deleted: list[tuple[str, str]]


def _last_prune() -> LastPrune | None:
    run = PruneRun.objects.first()
    if run is None:
        return None
    deleted = [(kind, count(number)) for kind, number in run.deleted.items()]
    return LastPrune(span(timezone.now() - run.ended_at) if run.ended_at else "", deleted)
