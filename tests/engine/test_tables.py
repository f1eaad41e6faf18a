"""The tables as PostgreSQL has them after the migrations: room for updates, and no index too many."""

import itertools
import os
import subprocess
import sys

import psycopg
import pytest

from tests.support.sites import ROOT

INDEXES = """
    SELECT tablename, indexname, method, predicate, array_agg(column_name ORDER BY place)
    FROM (
        SELECT t.relname AS tablename, i.relname AS indexname, am.amname AS method,
            pg_get_expr(x.indpred, x.indrelid) AS predicate, k.place,
            pg_get_indexdef(x.indexrelid, k.place::int, false) AS column_name
        FROM pg_index x
        JOIN pg_class i ON i.oid = x.indexrelid
        JOIN pg_class t ON t.oid = x.indrelid
        JOIN pg_am am ON am.oid = i.relam
        CROSS JOIN LATERAL generate_series(1, x.indnkeyatts) AS k(place)
        WHERE t.relname LIKE 'answers\\_%' AND i.relname NOT LIKE '%\\_like'
    ) columns
    GROUP BY tablename, indexname, method, predicate
"""
# What the saver writes every half second; `status` stays `running` meanwhile.
SAVED = {"text", "edition", "reasoning", "sent_turns"}


@pytest.fixture(scope="module")
def tables(postgres_server):
    url = postgres_server.create_database(f"tables-{os.getpid()}")
    command = [sys.executable, "manage.py", "migrate", "-v0"]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"DATABASE_URL": url}, check=True)
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def test_no_index_is_the_beginning_of_another(tables):
    indexes = tables.execute(INDEXES).fetchall()
    assert len(indexes) > 10
    for one, other in itertools.permutations(indexes, 2):
        if one[0] == other[0] and one[2] == other[2] and one[3] == other[3]:
            assert other[4][: len(one[4])] != one[4], f"{other[1]} covers {one[1]}"


def test_saving_a_running_answer_touches_no_index(tables):
    for table, name, _, predicate, columns in tables.execute(INDEXES):
        if table == "answers_answer":
            assert not SAVED & set(columns), name
            condition = (predicate or "").replace("::text", "")
            assert not any(column in condition for column in SAVED), name


def test_pages_have_room_for_the_next_version_of_a_row(tables):
    [(options,)] = tables.execute("SELECT reloptions FROM pg_class WHERE relname = 'answers_answer'")
    assert options == ["fillfactor=50"]


def test_most_saves_of_a_short_answer_are_heap_only(tables):
    tables.execute(
        "INSERT INTO accounts_user (username, password, first_name, last_name, email, is_superuser, is_staff,"
        " is_active, is_guest, date_joined) VALUES ('a', '', '', '', '', false, false, true, false, now())"
    )
    tables.execute("""
        INSERT INTO answers_answer (id, thread, user_id, question, text, status, model, finish_reason,
            tokens_estimated, error_code, error_message, error_detail, rating_note, asked_at)
        SELECT id, id, (SELECT id FROM accounts_user), '?', '', 'running', 'm', '', false, '', '', '', '',
            now()
        FROM generate_series(1, 100) n, LATERAL (SELECT md5(n::text)::uuid AS id) one
    """)
    for number in range(10):
        tables.execute(
            "UPDATE answers_answer SET text = repeat('word ', %s), status = 'running'", [number * 10]
        )
        tables.execute("SELECT pg_stat_force_next_flush()")
    [(updated, heap_only)] = tables.execute(
        "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'answers_answer'"
    )
    assert updated == 1000
    assert heap_only / updated > 0.8
