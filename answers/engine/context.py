"""The conversation so far, which is sent with a follow-up question: as many of the latest turns as fit.

The turns are those on the path back from the answer that is followed up, without other versions. A turn
without text is left out, since some servers refuse two questions in a row. `ASKME_CONTEXT_TOKENS` is the
limit. Turns are not shortened, except the latest if it is too long by itself. Then its end is kept, because
"go on" and "why is that?" refer to what was said last.
"""

from collections.abc import Iterable

from django.conf import settings
from django.db import connection

from answers.engine.running_answer import CHARS_PER_TOKEN
from answers.models import Answer
from completions import Turn

MAX_TURNS = 1_000  # how far back to look, whether or not the turns have text
ELLIPSIS = "…"

# One statement, however long the thread. It walks back answer by answer and stops once the limit is reached.
# So it reads only the text that is sent, plus the first turn that does not fit. `left` and `right` would be
# clearer than `substr`, but SQLite has neither.
EARLIER = """
    WITH RECURSIVE back (id, follows_id, depth, chars) AS (
        SELECT id, follows_id, 1, CASE WHEN text = '' THEN 0 ELSE length(question) + length(text) END
        FROM answers_answer WHERE id = %(id)s AND user_id = %(user)s
        UNION ALL
        SELECT one.id, one.follows_id, depth + 1,
            chars + CASE WHEN one.text = '' THEN 0 ELSE length(one.question) + length(one.text) END
        FROM back JOIN answers_answer one ON one.id = back.follows_id AND one.user_id = %(user)s
        WHERE chars <= %(max_chars)s AND depth < %(turns)s
    )
    SELECT substr(question, 1, %(max_chars)s + 1),
        CASE WHEN length(text) > %(max_chars)s THEN substr(text, length(text) - %(max_chars)s) ELSE text END
    FROM back JOIN answers_answer USING (id) WHERE text <> '' ORDER BY depth
"""


def earlier_turns(answer: Answer) -> tuple[Turn, ...]:
    """The turns before this question, oldest first. Reads nothing if it is not a follow-up."""
    max_chars = settings.ASKME_CONTEXT_TOKENS * CHARS_PER_TOKEN
    if answer.follows_id is None or not max_chars:
        return ()
    # A site's users may have other keys than numbers.
    keys = {"id": answer.follows_id, "user": answer.user_id}
    fields = {"id": Answer._meta.pk, "user": Answer._meta.get_field("user").target_field}
    values = {name: fields[name].get_db_prep_value(key, connection) for name, key in keys.items()}
    with connection.cursor() as cursor:
        cursor.execute(EARLIER, values | {"max_chars": max_chars, "turns": MAX_TURNS})
        return _fitting((Turn(*row) for row in cursor), max_chars)


def _fitting(newest_first: Iterable[Turn], max_chars: int) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    left = max_chars
    for turn in newest_first:
        if not turn.answer.strip():
            continue
        if turn.chars > left:
            turns = turns or [_shorten(turn, max_chars)]
            break
        turns.append(turn)
        left -= turn.chars
    return tuple(reversed(turns))


def _shorten(turn: Turn, max_chars: int) -> Turn:
    """The beginning of the question, in half of `max_chars` if necessary, and the end of the answer."""
    question, answer = turn.question, turn.answer
    most = max(max_chars // 2, max_chars - len(answer))
    if len(question) > most:
        question = question[: most - 1] + ELLIPSIS
    most = max_chars - len(question)
    if len(answer) > most:
        answer = ELLIPSIS + answer[1 - most :]
    return Turn(question, answer)
