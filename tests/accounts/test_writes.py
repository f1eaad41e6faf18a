"""What is written to the database when people only look, and what an account's deletion reads."""

import re
import uuid

import pytest
import requests
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.support.accounts import log_in, user_who_asks
from tests.support.database import table_counts
from tests.support.forms import PASSWORD

PAGES = [
    "/",
    "/ask/",
    "/history/",
    "/language/",
    f"/s/{'x' * 32}/",
    f"/a/{uuid.UUID(int=1)}/",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/sessions/",
    "/account/delete/",
    "/admin/",
]


def writes(client, path):
    with CaptureQueriesContext(connection) as queries:
        client.get(path)
    return [
        query["sql"]
        for query in queries
        if re.match(r"\s*(INSERT|UPDATE|DELETE)", query["sql"], re.IGNORECASE)
    ]


def test_visitors_who_only_look_write_nothing(any_database_site):
    site = any_database_site
    before = table_counts(site)
    for _ in range(50):
        page = requests.get(site.url, timeout=20)
        assert page.status_code == 200
        assert page.cookies
    assert table_counts(site) == before


@pytest.mark.django_db
@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("who", ["visitor", "guest", "account"])
def test_a_page_view_writes_nothing(client, alice, who, path):
    assert writes(client, path) == []
    if who == "guest":
        client.get("/")
        user_who_asks(client)
    elif who == "account":
        log_in(client)
        client.get("/")  # which removes the message that the login has left
    assert writes(client, path) == writes(client, path) == []


@pytest.mark.django_db
def test_an_accounts_sessions_are_deleted_by_their_keys(alice):
    here, elsewhere, others = Client(), Client(), Client()
    for client in (here, elsewhere):
        log_in(client)
    others.post(reverse("account_signup"), {"email": "bob@example.org", "password1": PASSWORD})
    here.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    with CaptureQueriesContext(connection) as queries:
        assert here.post("/account/delete/").status_code == 200
    for query in queries:
        if '"django_session"' in query["sql"]:
            assert re.search(r'"session_key" (=|IN) ', query["sql"]), query["sql"]
    assert {session.pk for session in Session.objects.all()} == {others.session.session_key}
    assert UserSession.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["account_change_password", "admin:password_change"])
def test_a_session_whose_key_has_changed_is_found_too(client, alice, name):
    alice.is_staff = True
    alice.save()
    log_in(client)
    before = client.session.session_key
    new = "another horse battery"
    form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    form |= {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert client.post(reverse(name), form).status_code == 302
    assert client.session.session_key != before
    assert UserSession.objects.filter(user=alice, session_key=client.session.session_key).exists()
