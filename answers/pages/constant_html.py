"""The parts of the main page that are the same for everybody who reads them in one language.

They are more than half of the page's template, so each process renders them once, not for each page.
"""

from functools import lru_cache
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from answers.models import NOTE_CHARS, Answer
from answers.pages.thread_path import PathEntry

NIL = UUID(int=0)  # a placeholder for the id, in the HTML template of a new answer
TOKEN = "csrf-token-of-the-reader"  # noqa: S105 - a placeholder too, since each reader has another


def constant_html(request: HttpRequest) -> dict[str, SafeString]:
    """The HTML that scripts copy (`templates`), and that loads the scripts."""
    can_follow = settings.ASKME_CONTEXT_TOKENS > 0
    templates = _templates(get_language(), settings.STATIC_URL, can_follow, settings.ASKME_STATUS_URL)
    return {
        "templates": mark_safe(templates.replace(TOKEN, get_token(request))),  # noqa: S308 - both are ours
        "scripts": _scripts(settings.STATIC_URL),
    }


@lru_cache(maxsize=64)
def _templates(language: str | None, static_url: str, can_follow: bool, status_url: str) -> SafeString:
    context = {
        "blank_entry": PathEntry(Answer(pk=NIL, thread=NIL, status="loading"), [NIL]),
        "can_follow": can_follow,
        "csrf_token": TOKEN,
        "note_chars": NOTE_CHARS,
        "status_url": status_url,
    }
    return render_to_string("answers/page_templates.html", context)


@lru_cache(maxsize=8)
def _scripts(static_url: str) -> SafeString:
    return render_to_string("answers/page_scripts.html")
