"""Exports from the list of answers: what it shows, with its filters and its search, as a file.

A file is streamed a few answers at a time, each batch with a new query. So a slow download holds neither a
database connection nor all the answers in memory.
"""

import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, NamedTuple, cast

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from answers.admin.answer_list import AnswerList
from answers.admin.auditing import record
from answers.admin.export_files import Export, Format, allowed_columns, as_csv, as_json_lines, as_rated_pairs
from answers.admin.filters import NAMES
from answers.admin.rights import may_export, may_read, may_see_names
from answers.models import Action, AnswerQuerySet

LIST = "admin:answers_answer_changelist"
CUT = (
    "This file is not complete: it ends after {most:,} answers (ASKME_EXPORT_ROWS)."
    " manage.py export_answers has no such limit."
)
FAILED = "This file is not complete: the export failed after {number:,} answers."

log = logging.getLogger("answers.export")


class Choice(NamedTuple):
    """A button. `format` gets the columns that the file may contain."""

    button: str
    name: str  # of the file
    format: Callable[[Sequence[str]], Format]
    needs_texts: bool = False


CHOICES = {
    "csv": Choice("CSV", "answers", as_csv),
    "jsonl": Choice("JSON Lines", "answers", as_json_lines),
    "rated": Choice("Rated answers", "rated", lambda _: as_rated_pairs(), needs_texts=True),
}


class Exports(admin.ModelAdmin):  # type: ignore[type-arg]
    """For the admin of answers. Its list gets buttons, and each of them an address."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export)
        # Before the others, since every other path is taken for an answer's id.
        return [path("export/<str:choice>/", view, name="answers_answer_export"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"exports": self._choices(request), "export_most": settings.ASKME_EXPORT_ROWS}
        return super().changelist_view(request, context | (extra_context or {}))

    def export(self, request: HttpRequest, choice: str) -> HttpResponseBase:
        """Only a form of this site can begin an export, which is why it is no link."""
        if choice not in CHOICES:
            raise Http404
        if choice not in self._choices(request):
            raise PermissionDenied
        query = f"?{request.GET.urlencode()}"
        if request.method != "POST":  # as after a login, which the button led to
            return redirect(reverse(LIST) + query)
        try:
            changelist = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            return redirect(reverse(LIST) + query)  # which says so
        return _download(request, cast(AnswerList, changelist), CHOICES[choice])

    def _choices(self, request: HttpRequest) -> dict[str, Choice]:
        """What this person may export."""
        if not self.has_view_permission(request) or not may_export(request):
            return {}
        texts = may_read(request)
        return {name: choice for name, choice in CHOICES.items() if texts or not choice.needs_texts}


def _download(request: HttpRequest, changelist: AnswerList, choice: Choice) -> HttpResponseBase:
    texts = may_read(request)
    columns = allowed_columns(texts=texts, names=may_see_names(request))
    export = Export(choice.format(columns), cast(AnswerQuerySet, changelist.queryset))
    most = settings.ASKME_EXPORT_ROWS
    # Counted before, so that nobody evades the audit by closing the connection.
    number = export.count(most + 1)
    what = export.format.name if texts else f"{export.format.name}, without texts"
    record(
        request,
        Action.EXPORTED,
        ": ".join(filter(None, [what, _filters(changelist)])),
        person=changelist.person,
        words=changelist.query,
        number=min(number, most),
    )
    parts = _streamed(_parts(export, most, is_cut=number > most))
    response = StreamingHttpResponse(parts, content_type=export.format.content_type)
    name = f"askme-{choice.name}-{timezone.now():%Y-%m-%d}.{export.format.suffix}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _filters(changelist: ChangeList) -> str:
    pairs = changelist.filter_params.items()
    return ", ".join(f"{name}={values[-1]}" for name, values in pairs if name in NAMES)


def _parts(export: Export, most: int, *, is_cut: bool) -> Iterator[str]:
    """The last line says so if the file is not complete: one that just ended would look complete."""
    try:
        yield from export.parts(most)
    except Exception:  # Daphne would leave the browser waiting
        log.exception("An export failed after %s answers", export.number)
        yield export.format.note(FAILED.format(number=export.number))
    else:
        if is_cut:
            yield export.format.note(CUT.format(most=most))


async def _streamed(parts: Iterator[str]) -> AsyncIterator[str]:
    while (part := await _next(parts)) is not None:
        yield part


@sync_to_async
def _next(parts: Iterator[str]) -> str | None:
    try:
        return next(parts, None)
    finally:
        connection.close_if_unusable_or_obsolete()  # back to the pool until the next part
