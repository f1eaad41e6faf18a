"""The parts of the main page that are the same for everybody who reads them in one language.

They are more than half of the page's template, so each process renders them once, not for each page. If the
site says so, the whole empty page is the same for many readers too.
"""

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.core.signals import setting_changed
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from answers.models import NOTE_CHARS, Answer
from answers.pages.thread_path import PathEntry

NIL = UUID(int=0)  # a placeholder for the id, in the HTML template of a new answer
TOKEN = "csrf-token-of-the-reader"  # noqa: S105 - a placeholder too, since each reader has another
NEW_ANSWER = "id-of-the-new-answer"  # and one more
MAX_PAGES = 256  # languages, times the time zones of the readers

_pages: dict[Hashable, str] = {}


def empty_page(request: HttpRequest, key: Hashable, render: Callable[[dict[str, str]], str]) -> str:
    """The page without a thread, which `render` makes for all readers with this key."""
    key = (key, get_language())
    html = _pages.get(key)
    if html is None:
        if len(_pages) >= MAX_PAGES:
            _pages.clear()
        html = _pages[key] = render({"csrf_token": TOKEN, "new_answer": NEW_ANSWER})
    return html.replace(TOKEN, get_token(request)).replace(NEW_ANSWER, str(uuid4()))


def _forget(**options: Any) -> None:
    """Settings change in tests only."""
    _pages.clear()


setting_changed.connect(_forget)


def constant_html(token: str) -> dict[str, SafeString]:
    """The HTML that scripts copy (`templates`) with a CSRF token, and that loads the scripts."""
    can_follow = settings.ASKME_CONTEXT_TOKENS > 0
    templates = _templates(get_language(), settings.STATIC_URL, can_follow, settings.ASKME_STATUS_URL)
    return {
        "templates": mark_safe(templates.replace(TOKEN, token)),  # noqa: S308 - both are ours
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
