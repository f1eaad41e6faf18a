"""Searching all answers: by an id, by a person, or by words.

An id is that of an answer or a thread, also within an address, or the API's id of a response or a request. A
person is found by the whole username or email address. Everything else is words, for those who may read.

PostgreSQL has an index of words, but it does not know which words are rare. If it had to show the newest
answers with a word that nobody used, it would read all answers. So up to `FOUND` matches are fetched first,
in any order. If there are more, the word is common, and a walk through the newest answers meets it soon.
SQLite has no such index: there, a page looks through the texts of the next `SQLITE_WINDOW` answers.
"""

import re
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import BooleanField, F, Func, Q, QuerySet
from django.db.models.functions import Upper
from django.http import HttpRequest

from answers.admin.rights import may_read, may_see_names
from answers.models import Answer, AnswerQuerySet
from answers.models.literal import ENDING_CHARS, Ending, Literal
from answers.pages.search import SIGNS, TERM, matching

QUERY_CHARS = 500
FOUND = 10_000
# In PostgreSQL, words of which this many of the latest answers have one need not be fetched first.
FEW_OF_THE_LATEST, LATEST = 20, 200
SQLITE_WINDOW = 20_000  # answers whose texts a page looks through
SUGGESTED = 5

UUIDS = re.compile(r"(?<![0-9a-f])[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}(?![0-9a-f])", re.IGNORECASE)

MATCHES = """
    SELECT id FROM (SELECT id, asked_at FROM answers_answer WHERE search @@ {query} LIMIT %s) found
    ORDER BY asked_at DESC, id DESC
"""
LATEST_MATCHES = """
    WITH latest (id) AS MATERIALIZED (
        SELECT id FROM answers_answer {where} ORDER BY asked_at DESC, id DESC LIMIT %s
    )
    SELECT count(*) FROM latest JOIN answers_answer USING (id)
    WHERE coalesce(search, ''::tsvector) @@ websearch_to_tsquery('askme', %s)
"""


@dataclass(frozen=True)
class Found:
    """What a search found: a condition, and how to walk through what meets it.

    If there are few, `ids` are all of them, newest first. Otherwise `unindexed` is the condition in a form
    that no index is used for. `person` and `people` are shown beside it.
    """

    condition: Q
    kind: str  # "id", "person" or "words"
    ids: list[UUID] | None = None
    unindexed: Q | None = None
    person: Any = None
    people: list[Any] = field(default_factory=list)


class HasWords(Func):
    """Whether the search column has these words. `is_hidden` keeps PostgreSQL from using its index."""

    output_field = BooleanField()

    def __init__(self, words: str, *, is_hidden: bool) -> None:
        super().__init__(F("pk"))
        self.words, self.is_hidden = words, is_hidden

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **context: Any) -> Any:
        [key] = self.get_source_expressions()
        table, _, _ = compiler.compile(key)[0].rpartition(".")
        column = f'{table}."search"'
        if self.is_hidden:
            column = f"coalesce({column}, ''::tsvector)"
        return f"({column} @@ websearch_to_tsquery('askme', %s))", [self.words]


def find(request: HttpRequest, query: str, *, user: Any = None, only_words: bool = False) -> Found | None:
    """None without a query. `user` is the key of the person whose answers are searched, if it is one's."""
    query = query.replace("\0", "").strip()[:QUERY_CHARS]
    if not query:
        return None
    if not only_words:
        if (found := _by_id(query)) is not None:
            return found
        if may_see_names(request) and (person := _person(query)) is not None:
            return Found(Q(user=person.pk), "person", person=person)
    people = _people(query) if may_see_names(request) and " " not in query else []
    if not may_read(request):
        return Found(Q(pk__in=[]), "nothing", ids=[], people=people)
    return _by_words(query, user, people)


def _by_id(query: str) -> Found | None:
    if re.search(r"\s", query):
        return None
    # Without `column = query`, from which SQLite would compute the ending, and not use the index.
    conditions = [
        Q(**{f"ending_of_{column}": query[-ENDING_CHARS:]}) & ~Q(**{column: Literal("")})
        for column in ("response_id", "request_id")
    ]
    if ids := UUIDS.findall(query)[-1:]:
        conditions += [Q(pk=ids[0]), Q(thread=ids[0])]
    found: dict[UUID, Any] = {}
    for condition in conditions:  # one by one, so that each uses its index
        rows = _with_endings(Answer.objects.order_by()).filter(condition)
        found |= dict(rows.values_list("pk", "asked_at")[:FOUND])
    newest_first = sorted(found, key=lambda id: (found[id], id), reverse=True)
    return Found(Q(pk__in=newest_first), "id", ids=newest_first) if found else None


def _with_endings(rows: AnswerQuerySet) -> QuerySet[Answer]:
    return rows.alias(ending_of_response_id=Ending("response_id"), ending_of_request_id=Ending("request_id"))


def _person(query: str) -> Any:
    """The person with this username or email address, whatever its case."""
    names = _names()
    is_address = len(names) > 1 and "@" in query
    exact = Q(**{f"upper_{names[-1] if is_address else names[0]}": _upper(query)})
    model = get_user_model()
    by_username = model._default_manager.filter(**{model.USERNAME_FIELD: query}).first()
    return by_username or _uppercase().filter(exact).first()


def _people(query: str) -> list[Any]:
    """Some whose username or email address begins with it."""
    found: dict[Any, Any] = {}
    for name in _names():
        begins = Q(**{f"{name}__istartswith": query})
        if connection.vendor != "postgresql":  # SQLite uses no index for LIKE with an escape character
            first = _upper(query)
            begins = Q(**{f"upper_{name}__gte": first, f"upper_{name}__lt": first + chr(0x10FFFF)})
        found |= {person.pk: person for person in _uppercase().filter(begins)[:SUGGESTED]}
    return list(found.values())[:SUGGESTED]


def _uppercase() -> QuerySet[Any]:
    """People, with the columns for which this site has indexes (accounts/migrations/0001_initial.py)."""
    uppercase: dict[str, Any] = {f"upper_{name}": Upper(name) for name in _names()}
    return get_user_model()._default_manager.order_by().alias(**uppercase)


def _names() -> list[str]:
    model = get_user_model()
    email = getattr(model, "EMAIL_FIELD", "")
    return [model.USERNAME_FIELD, *([email] if email and email != model.USERNAME_FIELD else [])]


def _upper(text: str) -> str:
    """SQLite changes the letters of ASCII only."""
    if connection.vendor == "postgresql":
        return text.upper()
    return "".join(letter.upper() if letter.isascii() else letter for letter in text)


def _by_words(query: str, user: Any, people: list[Any]) -> Found:
    if connection.vendor != "postgresql":
        condition = matching(Answer.objects.all(), query, user)
        return Found(condition, "words", unindexed=condition, people=people)
    words = SIGNS.sub(" ", query)
    common = Found(
        Q(HasWords(words, is_hidden=False)),
        "words",
        unindexed=Q(HasWords(words, is_hidden=True)),
        people=people,
    )
    if all(minus for minus, _, _ in TERM.findall(words)) or _are_common(words, user):
        return common
    ids = _with_words(words, user)
    return common if len(ids) > FOUND else Found(Q(pk__in=ids), "words", ids=ids, people=people)


def _are_common(words: str, user: Any) -> bool:
    where, parameters = ("", []) if user is None else ("WHERE user_id = %s", [user])
    with connection.cursor() as cursor:
        cursor.execute(LATEST_MATCHES.format(where=where), [*parameters, LATEST, words])
        return int(cursor.fetchone()[0]) >= FEW_OF_THE_LATEST


def _with_words(words: str, user: Any) -> list[UUID]:
    """At most `FOUND` + 1, newest first if that is all of them."""
    query, parameters = "websearch_to_tsquery('askme', %s)", [words]
    if user is not None:  # the column has a word for each person, too
        query, parameters = f"({query} && %s::tsquery)", [words, f"'user:{user}'"]
    with connection.cursor() as cursor:
        cursor.execute(MATCHES.format(query=query), [*parameters, FOUND + 1])
        return [id for (id,) in cursor]
