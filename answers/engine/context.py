"""The conversation so far, which is sent with a follow-up question, as far as it fits.

The turns are those on the path back from the answer that is followed up, without other versions. A turn
without text is left out, because some servers refuse two questions in a row. `ASKME_CONTEXT_TOKENS` is the
limit. Turns are not shortened, except the latest if it is too long by itself. Then its end is kept, because
"go on" and "why is that?" refer to what was said last.

Providers charge less for the beginning of a prompt if it is in their cache. So a follow-up question is sent
with the same first turn as the question before it. When the turns no longer fit, their older half is dropped
at once, and the next questions begin there. If only one turn were dropped with each question, the beginning
would change every time.
"""

from django.conf import settings
from django.db import connection

from answers.engine.running_answer import CHARS_PER_TOKEN
from answers.models import Answer
from completions import Turn

MAX_TURNS = 1_000  # how far back to look, whether or not the turns have text
ELLIPSIS = "…"
BLANK = " \t\n\r\f\v"  # a text with only these characters counts as empty

# An answer with two columns more: whether it counts as a turn (0 or 1), and how long this turn is.
TURN = """(
        SELECT id, follows_id, sent_turns,
            CASE WHEN trim(text, %(blank)s) = '' THEN 0 ELSE 1 END AS said,
            CASE WHEN trim(text, %(blank)s) = '' THEN 0 ELSE length(question) + length(text) END AS chars
        FROM answers_answer WHERE user_id = %(user)s
    )"""

# One statement, however long the thread. It walks back answer by answer, up to the limit or to `planned`
# turns: those that were sent with the latest turn, and that turn itself. If these are too long, their number
# is halved until they fit. Only texts that are sent are read. `left` and `right` would be clearer than
# `substr`, but SQLite does not have them.
EARLIER = f"""
    WITH RECURSIVE back (id, follows_id, depth, turns, chars, planned) AS (
        SELECT id, follows_id, 1, said, chars, said * (sent_turns + 1)
        FROM {TURN} one WHERE id = %(id)s
        UNION ALL
        SELECT one.id, one.follows_id, depth + 1, turns + said, back.chars + one.chars,
            CASE WHEN planned > 0 THEN planned ELSE said * (sent_turns + 1) END
        FROM back JOIN {TURN} one ON one.id = back.follows_id
        WHERE back.chars <= %(max_chars)s AND depth < %(max_turns)s AND (planned = 0 OR turns < planned)
    ), halves (number, fitting) AS (
        SELECT CASE WHEN max(chars) > %(max_chars)s THEN max(planned) ELSE max(turns) END,
            max(CASE WHEN chars <= %(max_chars)s THEN turns ELSE 0 END)
        FROM back
        UNION ALL
        SELECT number / 2, fitting FROM halves WHERE number > fitting
    )
    SELECT substr(question, 1, %(max_chars)s + 1),
        CASE WHEN length(text) > %(max_chars)s THEN substr(text, length(text) - %(max_chars)s) ELSE text END
    FROM back JOIN answers_answer USING (id)
    WHERE trim(text, %(blank)s) <> '' AND (turns = 1 OR turns <= (SELECT min(number) FROM halves))
    ORDER BY depth
"""  # noqa: S608


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
        cursor.execute(EARLIER, values | {"max_chars": max_chars, "max_turns": MAX_TURNS, "blank": BLANK})
        turns = [Turn(*row) for row in cursor]
    if len(turns) == 1:
        turns = [_shorten(turns[0], max_chars)]
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
