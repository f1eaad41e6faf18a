"""The text of an answer as the model wrote it, in Markdown. A page copies it for its reader.

It is plain text and nothing else to any browser, whatever it contains.
"""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from answers.models import AnswerQuerySet, Share
from answers.pages.history import own_answers
from answers.pages.sharing import unlisted
from answers.pages.thread import Tree


@require_safe
@never_cache
def answer_text(request: HttpRequest, pk: UUID) -> HttpResponse:
    """For its owner."""
    return _text(own_answers(request), pk)


@require_safe
@never_cache
def shared_text(request: HttpRequest, token: str, pk: UUID) -> HttpResponse:
    """For anybody who has the link to its thread, if the shared page shows this answer."""
    share = Share.objects.valid(token).first()
    if share is None:
        raise Http404(_("There is no such page."))
    tree = Tree.of(share.answers)
    newest = tree.newest()
    if newest is None or pk not in (answer.pk for answer in tree.path(newest)):
        raise Http404(_("There is no such page."))
    return unlisted(_text(share.answers, pk))


def _text(answers: AnswerQuerySet, pk: UUID) -> HttpResponse:
    text = answers.filter(pk=pk).values_list("text", flat=True).first()
    if text is None:
        raise Http404(_("There is no such answer, or it is not yours."))
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = "inline"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
