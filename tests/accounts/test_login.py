"""Logging in and out, also with a second factor."""

import uuid

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.hooks import SiteHooks
from accounts.models import User
from answers.models import Answer
from tests.support.accounts import (
    browser_key,
    enrol,
    log_in,
    log_out,
    says,
    sign_up,
    totp,
    user_of,
    user_who_asks,
)
from tests.support.forms import PASSWORD

pytestmark = pytest.mark.django_db


def test_a_person_signs_up_logs_out_and_logs_in(client):
    assert sign_up(client).url == "/"
    user = User.objects.get()
    assert user_of(client) == user
    assert "alice@example.org" in client.get("/").content.decode()
    log_out(client)
    assert "alice@example.org" not in client.get("/").content.decode()
    assert log_in(client).url == "/"
    assert user_of(client) == user


def test_an_operator_logs_in_with_a_username(client):
    User.objects.create_superuser("operator", "", PASSWORD)
    assert log_in(client, "operator").url == "/"


@pytest.mark.parametrize(
    ("email", "password", "sentence"),
    [
        ("alice", PASSWORD, "Enter a valid email address."),
        ("alice@example.org", "12345", "too short"),
        ("alice@example.org", "password1234", "too common"),
        ("alice@example.org", "", "This field is required."),
    ],
)
def test_a_bad_sign_up_is_refused_with_a_sentence(client, email, password, sentence):
    page = sign_up(client, email, password)
    assert page.status_code == 200
    assert sentence in page.content.decode()
    assert User.objects.count() == 0


def test_a_wrong_password_and_an_unknown_address_look_alike(client, alice):
    wrong, unknown = log_in(client, password="wrong"), log_in(client, "alicf@example.org")
    assert "not correct" in wrong.content.decode()
    assert says(wrong) == says(unknown).replace("alicf", "alice")


def test_password_attempts_are_limited(client, alice):
    for _ in range(5):
        log_in(client, password="wrong")
    assert "Too many failed login attempts" in log_in(client).content.decode()
    cache.clear()
    assert log_in(client).status_code == 302


def test_attempts_are_counted_by_the_address_from_the_trusted_proxy(client, alice, settings):
    def tries(number, address):
        for one in range(number):
            page = log_in(
                client, f"{address}-{one}@example.org", HTTP_X_FORWARDED_FOR=f"6.6.6.{one}, {address}"
            )
        return page.content.decode()

    def log_in(client, login, **extra):
        return client.post(reverse("account_login"), {"login": login, "password": "wrong"}, **extra)

    assert "Too many" in tries(11, "1.1.1.1")  # without a proxy the header is not trusted
    cache.clear()
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert "Too many" in tries(11, "1.1.1.1")
    assert "Too many" not in tries(1, "2.2.2.2")


@pytest.mark.parametrize(
    "address", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil"]
)
def test_the_login_never_redirects_to_another_site(client, alice, address):
    assert log_in(client, next=address).url == "/"


def test_the_login_redirects_back_to_the_page_before(client, alice):
    answer = Answer.objects.ask(alice, uuid.uuid4(), "Why?")
    page = client.get(answer.get_absolute_url())
    assert page.status_code == 404
    link = reverse("account_login") + "?next=" + answer.get_absolute_url().replace("/", "%2F")
    assert link in page.content.decode()
    assert client.get(log_in(client, next=answer.get_absolute_url()).url).status_code == 200


@pytest.mark.parametrize(
    "name",
    [
        "account_email",
        "account_change_password",
        "mfa_index",
        "mfa_activate_totp",
        "socialaccount_connections",
    ],
)
@pytest.mark.parametrize("who", ["nobody", "guest"])
def test_account_pages_need_a_login(client, name, who, request):
    if who == "guest":
        request.getfixturevalue("guest")
    reply = client.get(reverse(name))
    assert reply.status_code == 302
    assert reply.url.startswith(reverse("account_login"))


def test_a_login_requires_the_second_factor(client, guest):
    sign_up(client)
    user = User.objects.get()
    secret, codes = enrol(client)
    log_out(client)
    client.get("/")
    user_who_asks(client).answers.create(question="As a guest again?", thread=uuid.uuid4())
    assert log_in(client).url == reverse("mfa_authenticate")
    assert user_of(client).is_guest
    assert user.answers.count() == 1
    page = client.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert "Incorrect code" in page.content.decode()
    assert client.post(reverse("mfa_authenticate"), {"code": totp(secret)}).url == "/"
    assert user.answers.count() == 2
    log_out(client)
    log_in(client)
    assert client.post(reverse("mfa_authenticate"), {"code": codes[0]}).url == "/"
    log_out(client)
    log_in(client)
    assert "Incorrect code" in client.post(reverse("mfa_authenticate"), {"code": codes[0]}).content.decode()


def test_a_person_sees_their_sessions_and_ends_the_others(client, alice):
    other = Client(headers={"User-Agent": "A browser <elsewhere>"})
    for one in (client, other):
        log_in(one)
    sessions = reverse("usersessions_list")
    assert f'href="{sessions}"' in client.get(reverse("account_email")).content.decode()
    page = client.get(sessions).content.decode()
    assert "A browser &lt;elsewhere&gt;" in page
    assert page.count('class="badge">This browser<') == 1
    ended = browser_key(other)
    assert "The other browsers are logged out." in client.post(sessions, follow=True).content.decode()
    assert user_of(client) == alice
    assert SiteHooks().user_of_session(ended) is SiteHooks().user_who_asks(ended) is None
    assert "Log out the other browsers" not in client.get(sessions).content.decode()
