"""The commands of `answers` and the stock admin of users, on another Django site."""

import json
import re

import pytest

from tests.embedding.site import make_embedding_site

__all__ = ["make_embedding_site"]

STORED = """
from answers.models import Answer
print("stored:", *Answer.objects.values_list("user__username", "user__is_active"))
"""


@pytest.fixture
def embedding_site(make_embedding_site):
    return make_embedding_site()


def stored(site):
    return site.manage("shell", "-v0", "-c", STORED).partition("stored: ")[2].strip()


def test_the_terminal_asks_as_a_user_who_cannot_log_in(embedding_site):
    assert embedding_site.manage("ask", "Why?") == "Hello, world\n"
    assert stored(embedding_site) == "('(terminal)', False)"


def test_answers_are_exported(embedding_site):
    embedding_site.manage("ask", "Why?", "--user", "alice")
    row = json.loads(embedding_site.manage("export_answers"))
    assert (row["person"], row["question"], row["text"]) == ("alice", "Why?", "Hello, world")


def test_an_operator_deletes_a_user_who_has_answers_in_the_stock_admin(embedding_site):
    embedding_site.manage("ask", "Why?", "--user", "alice")
    assert stored(embedding_site) == "('alice', True)"
    operator = embedding_site.start().log_in("operator").http
    users = f"{embedding_site.url}/admin/auth/user/"
    [alice] = re.findall(r'href="/admin/auth/user/(\d+)/change/[^"]*">alice<', operator.get(users).text)
    page = operator.get(f"{users}{alice}/delete/")
    assert "Are you sure" in page.text
    form = {"post": "yes", "csrfmiddlewaretoken": operator.cookies["csrftoken"]}
    assert "was deleted successfully" in operator.post(f"{users}{alice}/delete/", form).text
    assert stored(embedding_site) == ""
