"""Finding answers by their words.

PostgreSQL keeps a text-search vector for each finished answer in a column that the model does not know
(migration 0003); SQLite looks through the person's own texts. Both take words, "phrases in quotes", and
-words that must not be there; PostgreSQL also knows English endings and `or`.
"""

import re

from django.db import connections
from django.db.models import BooleanField, Q
from django.db.models.expressions import RawSQL

from answers.models import AnswerQuerySet

MATCHES = """"answers_answer"."search" @@ websearch_to_tsquery('askme', %s)"""
# What migration 0003 makes blanks; but quotes, and a hyphen that begins a word, mean something here.
SIGNS = re.compile(r"""[!#$%&'()*+,./:;<=>?@\[\\\]^_`{|}~]|(?<=[^\s"])-""")
TERM = re.compile(r'(-?)(?:"([^"]+)"?|([^\s"]+))')


def matching(answers: AnswerQuerySet, words: str) -> AnswerQuerySet:
    if connections[answers.db].vendor == "postgresql":
        words = SIGNS.sub(" ", words)
        return answers.filter(RawSQL(MATCHES, [words], output_field=BooleanField()))  # noqa: S611
    for minus, phrase, word in TERM.findall(words):
        term = phrase or word
        found = Q(question__icontains=term) | Q(text__icontains=term)
        answers = answers.filter(~found if minus else found)
    return answers
