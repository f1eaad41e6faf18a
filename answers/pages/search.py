"""Searching questions and answers.

PostgreSQL keeps a text-search vector of each finished answer in a column that is not in the model
(answers/migrations/0001_initial.py). SQLite scans the person's own texts. Both accept words, "phrases in
quotes", and -words that must not occur. PostgreSQL also knows English endings and `or`.
"""

import re
from typing import Any

from django.db import connections
from django.db.models import BooleanField, F, Func, Q, Value

from answers.models import AnswerQuerySet

# The column also has a word for the person. A query without words finds nothing, rather than all of theirs.
MATCHES = """
    ({table}."search" @@ (websearch_to_tsquery('askme', %s) && %s::tsquery)
    AND numnode(websearch_to_tsquery('askme', %s)) > 0)
"""
# Without the index of words: it is slow for common words, and there are only a few of these answers.
COUNT = """
    SELECT count(*) FROM latest JOIN answers_answer USING (id)
    WHERE coalesce(search, ''::tsvector) @@ websearch_to_tsquery('askme', %s)
"""
# The migration replaces these with spaces. Quotes, and a hyphen before a word, have a meaning here.
SIGNS = re.compile(r"""[!#$%&'()*+,./:;<=>?@\[\\\]^_`{|}~]|(?<=[^\s"])-""")
TERM = re.compile(r'(-?)(?:"([^"]+)"?|([^\s"]+))')
ENDING = re.compile(r"(?<=[a-z]{3})(?:ing|ed|es|s)$", re.IGNORECASE)  # of English words
# If at least this many of all answers of the person match, or of the latest ones, then a page of matches is
# soon found by walking through the newest.
FEW_MATCHES = 1_000
FEW_OF_THE_LATEST, LATEST = 20, 200


class Matches(Func):
    """Whether the search column has these words, in whichever table of a query the answers are."""

    output_field = BooleanField()

    def __init__(self, words: str, user: Any) -> None:
        super().__init__(F("pk"))
        self.values = [words, f"'user:{user}'", words]

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **context: Any) -> Any:
        [key] = self.get_source_expressions()
        table, _, _ = compiler.compile(key)[0].rpartition(".")
        return MATCHES.format(table=table), self.values


def matching(answers: AnswerQuerySet, words: str, user: Any) -> Q:
    """The condition for those that match. `answers` are those of the user with this id."""
    connection = connections[answers.db]
    if connection.vendor == "postgresql":
        return _with_words(answers, SIGNS.sub(" ", words), user)
    condition = Q()
    for minus, phrase, word in TERM.findall(words):
        found = _contains(phrase or word, connection)
        condition &= ~found if minus else found
    return condition


def to_mark(words: str, vendor: str) -> re.Pattern[str] | None:
    """What to mark in the texts that were found: the words themselves, and on PostgreSQL other endings."""
    has_index = vendor == "postgresql"
    terms = TERM.findall(SIGNS.sub(" ", words) if has_index else words)
    patterns = [_to_mark(phrase or word, has_index) for minus, phrase, word in terms if not minus]
    patterns.sort(key=len, reverse=True)  # of two that begin alike, the longer one
    return re.compile("|".join(patterns), re.IGNORECASE) if patterns else None


def _to_mark(term: str, has_index: bool) -> str:
    words = [re.escape(word) for word in term.split()] or [re.escape(term)]
    if has_index:
        words = [rf"\b{ENDING.sub('', word)}\w{{0,3}}\b" for word in words]
    return (r"\W+" if has_index else r"\s+").join(words)


def _with_words(answers: AnswerQuerySet, words: str, user: Any) -> Q:
    """If few answers match, they are found first, and sorted afterwards.

    PostgreSQL cannot know that nobody's answers have a word, or that this person's have none. To show the
    newest matches, it would read all answers, newest first.
    """
    condition = Q(Matches(words, user))
    found = answers.filter(condition)
    latest = answers.newest_first().values("pk")[:LATEST]
    # Materialized, so that the plan is one for all of them, whatever is done with them afterwards.
    with connections[answers.db].cursor() as cursor:
        sql, parameters = latest.query.get_compiler(answers.db).as_sql()
        statement = f"WITH latest (id) AS MATERIALIZED ({sql}) {COUNT}"
        cursor.execute(statement, [*parameters, words])
        if cursor.fetchone()[0] >= FEW_OF_THE_LATEST:
            return condition
        sql, parameters = found.order_by().values("pk").query.get_compiler(answers.db).as_sql()
        statement = f"WITH found AS MATERIALIZED ({sql}) SELECT * FROM found LIMIT %s"  # noqa: S608
        cursor.execute(statement, [*parameters, FEW_MATCHES])
        ids = [id for (id,) in cursor]
    return condition if len(ids) == FEW_MATCHES else Q(pk__in=ids)


def _contains(term: str, connection: Any) -> Q:
    """For SQLite, which ignores the case of ASCII letters only, and so does not find "Über" for "über"."""
    if term.isascii():
        return Q(question__icontains=term) | Q(text__icontains=term)
    # A thread that runs Python code delays the others. So rows without the ASCII part are left out first.
    part = max(re.split(r"[^\x00-\x7f]+", term), key=len)
    connection.ensure_connection()
    connection.connection.create_function("contains_folded", 2, _contains_folded, deterministic=True)
    return Q(*(_in(field, part, term) for field in ("question", "text")), _connector=Q.OR)


def _in(field: str, part: str, term: str) -> Q:
    folded = Func(F(field), Value(term.casefold()), function="contains_folded", output_field=BooleanField())
    return Q(**{f"{field}__icontains": part}) & Q(folded)


def _contains_folded(text: str, term: str) -> bool:
    return term in text.casefold()
