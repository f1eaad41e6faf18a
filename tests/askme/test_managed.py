"""Managed servers: what deploy/managed.yml starts, and what PostgreSQL behind PgBouncer needs.

PgBouncer itself is not started here. These tests hold what docs/operating.md says it depends on.
"""

import re

import psycopg
import pytest

from tests.support.compose import compose, services
from tests.support.documented import section
from tests.support.sites import ROOT

GIVEN = {
    "COMPOSE_FILE": "docker-compose.yml:deploy/managed.yml",
    "SECRET_KEY": "a-key-for-tests-as-long-as-it-has-to-be",
    "DATABASE_URL": "postgres://askme:password@postgres.example.org:5432/askme",
    "REDIS_URL": "rediss://:password@redis.example.org:6379/0",
}


# -- Compose


def test_compose_starts_neither_postgresql_nor_redis_and_uses_the_managed_ones(tmp_path):
    found = services(tmp_path, **GIVEN, COMPOSE_PROFILES="tls,backup")
    assert set(found) == {"secrets", "migrate", "web", "caddy"}
    for name in ("web", "migrate"):
        environment = found[name]["environment"]
        assert environment.items() >= {name: GIVEN[name] for name in list(GIVEN)[1:]}.items()
        assert not {"SECRET_KEY_FILE", "POSTGRES_PASSWORD_FILE"} & set(environment)
        assert "default" in found[name]["networks"], "the way out"
    assert found["web"]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


@pytest.mark.parametrize("missing", ["SECRET_KEY", "DATABASE_URL", "REDIS_URL"])
def test_compose_says_what_is_missing(tmp_path, missing):
    done = compose(tmp_path, "config --quiet", {name: GIVEN[name] for name in GIVEN if name != missing})
    assert done.returncode != 0
    assert f"Write {missing}=" in done.stderr


def test_the_guide_shows_these_lines():
    [block] = re.findall(
        r"```ini\n(COMPOSE_FILE.*?)```", section("docs/operating.md", "Scale out"), re.DOTALL
    )
    assert [line.partition("=")[0] for line in block.splitlines()] == list(GIVEN)
    assert GIVEN["COMPOSE_FILE"] in block


# -- PgBouncer


def sources() -> str:
    folders = ("accounts", "answers", "askme")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return "\n".join(path.read_text() for path in paths)


def test_nothing_needs_a_connection_that_outlives_its_transaction():
    # A cursor of `iterator()`, a lock of the session, LISTEN, and SET belong to one connection of the server.
    kept = (
        r"\.iterator\(|pg_(?:try_)?advisory_lock|\bLISTEN |\bPREPARE |\bSET (?!LOCAL)lock_|prepare_threshold"
    )
    assert re.findall(kept, sources()) == []


def test_what_is_sent_when_connecting_is_what_the_guide_says():
    sent = set(re.findall(r"-c (\w+)=", sources()))
    assert sent == {"lock_timeout", "statement_timeout"}
    guide = section("docs/operating.md", "PgBouncer")
    assert all(f"`{name}`" in guide for name in sent)


def test_postgresql_accepts_what_the_guide_sets(postgres_server):
    [statements] = re.findall(r"```sql\n(.*?)```", section("docs/operating.md", "PgBouncer"), re.DOTALL)
    with psycopg.connect(postgres_server.url("postgres")) as connection:
        connection.execute(statements)
        [settings] = connection.execute("SELECT setconfig FROM pg_db_role_setting").fetchone()
        assert settings == ["lock_timeout=1s", "client_connection_check_interval=1s"]
        connection.rollback()  # other tests share this server
