"""What a site decides about its answers. Subclass `Hooks` and name the class in the `ASKME_HOOKS` setting.

Unless its description says otherwise, a method runs in a database thread, where it may use the ORM. All are
synchronous, and should be quick, because every question in this process goes through these threads.
"""

import re
from collections.abc import Hashable, Mapping
from functools import lru_cache
from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from answers.models import Answer, Prunable
    from completions import Prompt


# Django's engines whose keys are random, as made by `SessionBase._get_new_session_key`.
STORED_SESSIONS = [
    f"django.contrib.sessions.backends.{name}" for name in ("db", "cached_db", "cache", "file")
]
STORED_KEY = re.compile("[a-z0-9]{32}")


class Hooks:
    """The defaults: anyone who is logged in may ask, and people may read only their own answers."""

    def session_key(self, cookies: Mapping[str, str]) -> str:
        """What a browser's cookies say about who it is: the `session_key` of the methods below.

        An empty string means that it cannot have a session, and then the database is not asked. This runs on
        the event loop for each new socket, without the ORM.
        """
        key = cookies.get(settings.SESSION_COOKIE_NAME, "")
        return key if settings.SESSION_ENGINE not in STORED_SESSIONS or STORED_KEY.fullmatch(key) else ""

    def prepare_page(self, request: HttpRequest, response: HttpResponse) -> None:
        """Called for each page on which people can ask, in its request's thread.

        A site that creates users in `user_who_asks` can set a cookie here, since a websocket cannot.
        """

    def page_key(self, request: HttpRequest) -> Hashable | None:
        """What the empty page depends on besides the language, if many readers get the same; or None.

        A page with a key is rendered once, and then sent to every reader with the same key, each with their
        own CSRF token. Return one only if nothing in your templates depends on anything else in the request.
        Called in the request's thread.
        """
        return None

    def user_of_session(self, session_key: str) -> AbstractBaseUser | None:
        """The user who is logged in to a session, or None. Called for every frame of a socket."""
        return logged_in_user(open_session(session_key))

    def has_session(self, session_key: str) -> bool:
        """Whether a person who is not logged in has a session. If not, they are asked to reload the page."""
        session = open_session(session_key)
        session.load()  # unlike `exists`, it forgets the key of an expired session
        return session.session_key is not None

    def user_who_asks(self, session_key: str) -> AbstractBaseUser | None:
        """The same for a question, inside its transaction. A site may create a user here.

        If that raises IntegrityError, because another tab has just done so, this is called once more, in
        another transaction.
        """
        return self.user_of_session(session_key)

    def may_ask(self, user: AbstractBaseUser | None) -> bool:
        """Whether this person may ask. If not, they are asked to log in."""
        return user is not None

    def may_read(self, user: AbstractBaseUser, answer: "Answer") -> bool:
        """Whether this person may read and follow an answer. The texts of `answer` are not loaded."""
        return bool(answer.user_id == user.pk)

    def is_guest(self, user: AbstractBaseUser) -> bool:
        """Whether this user exists without a login, and is replaced by another one if they are deleted.

        So the open pages of a guest who was deleted stay connected, unlike those of an account.
        """
        return False

    def counts_by_address(self, user: AbstractBaseUser) -> bool:
        """Whether the limits per network address apply, for people who can get a new account at any time."""
        return False

    def login_lifts_address_limit(self, user: AbstractBaseUser) -> bool:
        """Whether these limits would not apply if this person logged in. If so, the refusal suggests it."""
        return False

    def prompt(self, answer: "Answer", prompt: "Prompt") -> "Prompt":
        """What is sent to the model. `prompt` has the question and the conversation so far.

        It is called once the claim of the question is saved, outside any transaction.
        """
        return prompt

    def prunable(self) -> "list[Prunable]":
        """What else `manage.py prune` deletes, and the hourly prune, in whose own thread this is called."""
        return []

    def answer_finished(self, answer: "Answer") -> None:
        """Called once an answer has ended and is saved. If it raises an exception, that is logged.

        The process that ended the answer calls this at most once: not at all if it is killed at that moment.
        """


def site_hooks() -> Hooks:
    return _load(settings.ASKME_HOOKS)


@lru_cache
def _load(path: str) -> Hooks:
    hooks: Hooks = import_string(path)()
    return hooks


def open_session(session_key: str) -> SessionBase:
    return cast(SessionBase, import_module(settings.SESSION_ENGINE).SessionStore(session_key))


def logged_in_user(session: SessionBase) -> AbstractBaseUser | None:
    """The session's user, if their account is active and their password has not changed since the login."""
    # `get_user` reads nothing else of a request.
    request: Any = SimpleNamespace(session=_SessionCopy(session.items()))
    user = auth.get_user(cast(HttpRequest, request))
    return user if isinstance(user, AbstractBaseUser) else None


class _SessionCopy(dict[str, Any]):
    """A session that `get_user` cannot change.

    After a change of `SECRET_KEY` it would give the session another key, which a websocket cannot send to the
    browser, and two pages that are opened at once would get one each and lose the other.
    """

    def cycle_key(self) -> None:
        pass

    def flush(self) -> None:
        pass
