"""The earlier turns that are sent with a follow-up question, read from the store: the newest that find room.

They are those on the way back from the answer that is followed up, not other versions. A turn without any
text is left out: some servers refuse two questions in a row. The room is `ASKME_CONTEXT_TOKENS`, and a turn
is whole or not there; but of the newest, if it alone is too long, the end is kept, since "go on" and "why is
that?" mean what was said last.
"""

from collections.abc import Iterable

from django.conf import settings
from django.db import connection

from answers.completions import Turn
from answers.models import Answer
from answers.running import CHARS_PER_TOKEN

MOST_TURNS = 1_000  # so far back one goes for them, however many have no text
CUT = "…"

# One statement, however long the thread: it goes back answer by answer and stops once the room is full, so
# that of the texts no more is looked at than is sent, and the one that is too much. `left` and `right` would
# say it more plainly, and SQLite has neither.
EARLIER = """
    WITH RECURSIVE back (id, follows_id, turn, chars) AS (
        SELECT id, follows_id, 1, CASE WHEN text = '' THEN 0 ELSE length(question) + length(text) END
        FROM answers_answer WHERE id = %(id)s AND user_id = %(user)s
        UNION ALL
        SELECT one.id, one.follows_id, turn + 1,
            chars + CASE WHEN one.text = '' THEN 0 ELSE length(one.question) + length(one.text) END
        FROM back JOIN answers_answer one ON one.id = back.follows_id AND one.user_id = %(user)s
        WHERE chars <= %(room)s AND turn < %(turns)s
    )
    SELECT substr(question, 1, %(room)s + 1),
        CASE WHEN length(text) > %(room)s THEN substr(text, length(text) - %(room)s) ELSE text END
    FROM back JOIN answers_answer USING (id) WHERE text <> '' ORDER BY turn
"""


def earlier_turns(answer: Answer) -> tuple[Turn, ...]:
    """What comes before this question, the oldest first. Nothing is read if it follows nothing."""
    room = settings.ASKME_CONTEXT_TOKENS * CHARS_PER_TOKEN
    if answer.follows_id is None or not room:
        return ()
    id = Answer._meta.pk.get_db_prep_value(answer.follows_id, connection)
    with connection.cursor() as cursor:
        cursor.execute(EARLIER, {"id": id, "user": answer.user_id, "room": room, "turns": MOST_TURNS})
        return _fitting((Turn(*row) for row in cursor), room)


def _fitting(newest_first: Iterable[Turn], room: int) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    for turn in newest_first:
        if not turn.answer.strip():
            continue
        if turn.chars > room:
            turns = turns or [_cut(turn, room)]
            break
        turns.append(turn)
        room -= turn.chars
    return tuple(reversed(turns))


def _cut(turn: Turn, room: int) -> Turn:
    """The beginning of its question, in half of the room if need be, and the end of its answer."""
    question, answer = turn.question, turn.answer
    most = max(room // 2, room - len(answer))
    if len(question) > most:
        question = question[: most - 1] + CUT
    most = room - len(question)
    if len(answer) > most:
        answer = CUT + answer[1 - most :]
    return Turn(question, answer)
