"""Search on PostgreSQL: words in every form, and an index, however many answers there are."""

import time
import uuid
from string import punctuation

import environ
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from answers.asking import limits
from answers.engine import queue
from answers.models import Answer, Share, Status
from answers.pages.history import thread_list
from answers.pages.search import matching

ANSWERS = 20_000
NO_FILTERS = {"q": "", "status": "", "since": None, "until": None}

# One person has half of them. "rare" is in 20 of that person's answers, "often" in every third.
FILL = """
    INSERT INTO accounts_user (id, username, password, first_name, last_name, email, is_superuser, is_staff,
        is_active, is_guest, date_joined)
    SELECT n, 'user-' || n, '', '', '', '', false, false, true, false, now()
    FROM generate_series(1000, 1200) n;
    INSERT INTO answers_answer (id, thread, user_id, question, text, status, model, finish_reason,
        tokens_estimated, error_code, error_message, error_detail, rating_note, asked_at)
    SELECT id, id, CASE WHEN n % 2 = 0 THEN 1000 ELSE 1001 + n % 200 END,
        'Question ' || n || CASE WHEN n % 3 = 0 THEN ' often' ELSE '' END,
        CASE WHEN n % ({answers} / 20) = 0 THEN 'rare ' ELSE '' END
            || md5(n::text) || ' ' || md5((n / 7)::text),
        CASE WHEN n % 500 = 0 THEN 'failed' ELSE 'complete' END, 'm', 'stop', false, '', '', '', '',
        timestamptz '2026-01-01' + n * interval '5 minutes'
    FROM generate_series(1, {answers}) n, LATERAL (SELECT md5('id' || n)::uuid AS id) one;
    INSERT INTO answers_questionlog (user_id, address, asked_at)
    SELECT CASE WHEN n % 2 = 0 THEN 1000 ELSE 1001 + n % 200 END,
        CASE WHEN n % 3 = 0 THEN '' ELSE '192.0.2.' || n % 250 END, now() - n * interval '4 seconds'
    FROM generate_series(1, {answers}) n;
    INSERT INTO answers_share (token, thread, user_id, created_at)
    SELECT left(md5(id::text), 32), thread, user_id, now() FROM answers_answer WHERE status = 'failed';
    ANALYZE;
"""


@pytest.fixture(scope="module")
def postgres(postgres_server, django_db_setup, django_db_blocker):
    """The ORM's alias of a real PostgreSQL full of answers. The database of the other tests is SQLite."""
    config = environ.Env.db_url_config(postgres_server.create_database(f"search-{uuid.uuid4().hex}"))
    config = settings.DATABASES["default"] | {"OPTIONS": {}, "CONN_HEALTH_CHECKS": False} | config
    connections.settings["postgres"] = config
    with django_db_blocker.unblock():
        call_command("migrate", database="postgres", verbosity=0)
        with connections["postgres"].cursor() as cursor:
            cursor.execute(FILL.format(answers=ANSWERS))
        yield "postgres"
        connections["postgres"].close()
    del connections["postgres"], connections.settings["postgres"]


@pytest.fixture
def plans(postgres):
    """Return PostgreSQL's plans of the queries that a function makes."""
    connection = connections[postgres]

    def explain(action) -> str:
        with CaptureQueriesContext(connection) as queries:
            action()
        plans = []
        with connection.cursor() as cursor:
            # New entries wait in a list, which makes the index look expensive until it is vacuumed.
            cursor.execute("SELECT gin_clean_pending_list('answer_by_words')")
            for query in queries.captured_queries:
                cursor.execute("EXPLAIN " + query["sql"].replace("%", "%%"))
                plans.append("\n".join(line for (line,) in cursor.fetchall()))
        return "\n".join(plans)

    return explain


def of_the_busy(postgres):
    return Answer.objects.using(postgres).filter(user=1000)


@pytest.mark.parametrize(
    ("filters", "older", "shown"),
    [
        ({}, "", 20),
        ({}, "deep", 20),
        ({"q": "rare"}, "", 20),
        ({"q": "often"}, "deep", 20),
        ({"q": "often -rare", "status": "complete"}, "", 20),
        ({"status": "failed"}, "", 20),
        ({"status": "failed", "since": "day 10", "until": "day 40"}, "", 20),
        ({"q": "rare", "status": "failed", "since": "day 10"}, "deep", 1),
        ({"q": "no-such-word"}, "", 0),
    ],
)
def test_each_query_of_a_long_history_uses_an_index(postgres, plans, filters, older, shown):
    oldest, *_ = of_the_busy(postgres).order_by("asked_at")
    for name in ("since", "until"):
        if name in filters:
            day = int(filters[name].removeprefix("day "))
            filters = filters | {name: oldest.asked_at.date().replace(month=1 + day // 28, day=1 + day % 28)}
    deep = of_the_busy(postgres).order_by("asked_at")[4000]
    place = f"{int(deep.asked_at.timestamp()) * 1_000_000}-{deep.pk.hex}" if older else ""
    pages = []

    def look():
        threads = thread_list(of_the_busy(postgres), NO_FILTERS | filters, 1000)
        pages.append(threads.page(older=place))

    plan = plans(look)
    assert "Seq Scan" not in plan, plan
    assert "Index" in plan
    assert len(pages[0].answers) >= shown


def test_a_shared_thread_uses_an_index(postgres, plans):
    share = Share.objects.using(postgres).first()

    def look():
        [found] = Share.objects.using(postgres).valid(share.token)
        list(
            Answer.objects.using(postgres)
            .filter(user=found.user_id, thread=found.thread)
            .order_by("asked_at")
        )

    assert "Seq Scan on answers_answer" not in plans(look)


def test_limits_use_an_index(postgres, plans, monkeypatch, settings):
    settings.ASKME_QUESTIONS_PER_DAY = settings.ASKME_ADDRESS_QUESTIONS_PER_DAY = 100_000
    monkeypatch.setattr(limits, "connection", connections[postgres])
    user = User.objects.using(postgres).get(pk=1000)
    plan = plans(lambda: limits.check(user, "192.0.2.7", uuid.uuid4(), waiting=0, unfinished=0))
    assert plan.count("Limit") == 4  # a minute and a day for the person and the address
    assert "Seq Scan" not in plan, plan


def test_the_place_of_a_question_uses_the_indexes_of_the_queue(postgres, plans, monkeypatch):
    monkeypatch.setattr(queue, "connection", connections[postgres])
    plan = plans(lambda: queue.next_place(User(pk=1000), uuid.uuid4()))
    assert "Seq Scan" not in plan, plan
    assert "answer_queued" in plan, plan
    assert "answer_owned" in plan or "answer_all_by_status" in plan, plan  # both have few running answers


# -- Words


@pytest.fixture
def words_of(postgres):
    """Save an answer, and return a function that searches for it."""
    user = User.objects.using(postgres).get(pk=1200)
    user.answers.all().delete()

    def make(question: str, text: str = "", status: str = Status.COMPLETE):
        id = uuid.uuid4()
        answer = Answer(id=id, thread=id, user=user, question=question, text=text, status=status)
        answer.save(using=postgres)
        answers = user.answers.all()
        return lambda words: answers.filter(matching(answers, words, user.pk), pk=id).exists()

    yield make
    user.answers.all().delete()


@pytest.mark.parametrize(
    ("words", "is_found"),
    [
        ("sky", True),
        ("SKIES", True),  # another English form
        ("who", True),  # common words count too
        ("Größe", True),
        ("grüße", False),
        ("scatter sky", True),
        ("scatter ground", False),
        ('"the sky"', True),
        ('"sky the"', False),
        ("sky -ground", True),
        ("sky -größe", False),
        ("sky -who", False),
        ("-ground", True),
        ("-who", False),
        ("user:1200", False),
        ("ground or sky", True),
        ("?!", False),
        ("'; DROP TABLE x; -- %s %", False),
        ('"', False),
        ("-", False),
    ],
)
def test_words_find_an_answer(words_of, words, is_found):
    assert words_of("Who made the sky blue?", "Rayleigh scattering. Die Größe zählt.")(words) is is_found


def test_a_running_answer_is_found_once_it_is_finished(words_of, postgres):
    finds = words_of("A zebra?", status=Status.RUNNING)
    assert not finds("zebra")
    Answer.objects.using(postgres).unfinished().update(status=Status.COMPLETE, text="Striped.")
    assert finds("zebra striped")


def test_punctuation_separates_words(words_of):
    finds = words_of("Is a_b@example.com/x?y=1 <tag>&amp; well-known, don't, C++ or 3.14?")
    for words in (
        "a_b@example.com",
        "example",
        "well-known",
        "known",
        "don't",
        "c++",
        "3.14",
        "<tag>",
        '"well-known"',
    ):
        assert finds(words), words
    assert not finds("well -known")
    assert not finds('"known-well"')


WORST = [
    *(sign for sign in punctuation + "\n"),
    *("a" + sign for sign in punctuation + " "),
    *("1" + sign for sign in punctuation),
    *(
        "<a ",
        "</",
        "<!--",
        "&a",
        "&#1",
        "http://a",
        "a@a.",
        "://",
        "1e1-",
        "-1.",
        "a.a/",
        "\U00020000",
        "a\u0301",
    ),
]


def test_no_text_takes_long_to_be_saved(postgres):
    """The saver saves all answers in one thread, so a slow one would delay all others."""
    source = "pg_get_expr(adbin, adrelid)"
    with connections[postgres].cursor() as cursor:
        cursor.execute(f"SELECT {source} FROM pg_attrdef WHERE {source} LIKE '%tsvector%'")
        [expression] = cursor.fetchone()

        def seconds(text: str) -> float:
            start = time.monotonic()
            row = "(SELECT 'complete' AS status, %s::text AS question, '' AS text, 1 AS user_id) row"
            cursor.execute(f"SELECT length({expression.replace('%', '%%')}) FROM {row}", [text])
            return time.monotonic() - start

        for piece in WORST:
            text = piece * (60_000 // len(piece))
            assert any(seconds(text) < 1 for _ in range(4)), piece  # a busy machine may delay single ones


@pytest.mark.parametrize("size", [1, 2, 3, 7, 500, 3000])
def test_the_worst_text_can_be_saved(words_of, size):
    """PostgreSQL refuses a row whose vector is larger than a megabyte."""
    letters = "".join(map(chr, range(0x20000, 0x2A000)))  # four bytes each, all different
    pieces = [letters[start : start + size] for start in range(0, len(letters), size)]
    for joiner in " -":
        assert words_of("Lots?", joiner.join(pieces))("lots")
    assert words_of("Lots?", " ".join(str(number) for number in range(100_000)))("lots")


def test_running_answers_are_saved_without_touching_their_indexes(words_of, postgres):
    """Each is saved every half second, which must remain a heap-only update."""
    words_of("A gnu?", "G", status=Status.RUNNING)
    connection = connections[postgres]
    count = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = 'answers_answer'"
    connection.set_autocommit(False)
    try:
        with connection.cursor() as cursor:

            def counted(fields: str) -> tuple[int, int]:
                """Return the number of updates and of heap-only updates that these fields cause."""
                cursor.execute(count)
                before = cursor.fetchone()
                cursor.execute(f"UPDATE answers_answer SET {fields} WHERE question = 'A gnu?'")
                cursor.execute(count)
                after = cursor.fetchone()
                return after[0] - before[0], after[1] - before[1]

            assert counted("text = 'Gn'") == (1, 1)
            assert counted("text = 'Gnu', status = 'complete'") == (1, 0)
    finally:
        connection.rollback()
        connection.set_autocommit(True)
