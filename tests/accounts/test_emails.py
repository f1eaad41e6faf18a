"""Forgotten passwords and verified email addresses."""

import html
import re

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.support.accounts import log_in, log_out, says, sign_up
from tests.support.forms import PASSWORD

pytestmark = pytest.mark.django_db


def test_a_link_resets_a_forgotten_password(client, alice, mailoutbox):
    client.post(reverse("account_reset_password"), {"email": "alice@example.org"})
    [mail] = mailoutbox
    assert mail.to == ["alice@example.org"]
    link = re.search(r"http://testserver(/accounts/password/reset/key/\S+)", mail.body)[1]
    form = client.get(link, follow=True)
    new = {"password1": "another horse battery", "password2": "another horse battery"}
    assert client.post(form.request["PATH_INFO"], new).status_code == 302
    assert log_in(client).status_code == 200
    assert log_in(client, password=new["password1"]).status_code == 302
    log_out(client)
    assert "invalid" in client.get(link, follow=True).content.decode()  # it works once


def test_a_password_link_for_an_unknown_address_looks_the_same(client, alice, mailoutbox):
    pages = [
        client.post(reverse("account_reset_password"), {"email": email}, follow=True)
        for email in ("alice@example.org", "nobody@example.org")
    ]
    assert says(pages[0]) == says(pages[1])
    assert "/password/reset/key/" not in mailoutbox[1].body


def test_a_guests_answers_move_once_a_code_has_verified_the_address(client, guest, verified, mailoutbox):
    page = client.get(sign_up(client).url)
    assert page.status_code == 200
    assert guest.answers.count() == 1  # not before: the address may be somebody else's
    code = re.search(r"^(\w[\w-]{5,})$", mailoutbox[0].body, re.MULTILINE)[1]
    assert "Incorrect code" in client.post(page.request["PATH_INFO"], {"code": "000-000"}).content.decode()
    assert client.post(page.request["PATH_INFO"], {"code": code}).status_code == 302
    assert User.objects.get().answers.count() == 1


def test_a_password_does_not_replace_the_verification_code(client, guest, verified, mailoutbox):
    sign_up(client)
    for browser in (client, Client()):
        cache.clear()  # one email in ten seconds
        assert log_in(browser).url == reverse("account_email_verification_sent")
        assert browser.get(reverse("account_email")).status_code == 302
    assert guest.answers.count() == 1
    client.post(reverse("account_reset_password"), {"email": "alice@example.org"})
    assert client.get(reverse("account_email")).status_code == 302


def test_signing_up_does_not_reveal_whose_addresses_are_taken(client, alice, verified, mailoutbox):
    alice.emailaddress_set.create(email=alice.email, verified=True, primary=True)
    taken = client.get(sign_up(client).url)
    client.cookies.clear()
    free = client.get(sign_up(client, "alicf@example.org").url)
    assert says(taken) == says(free).replace("alicf", "alice")
    assert User.objects.filter(email="alice@example.org").count() == 1
    assert "already" in mailoutbox[0].body


def test_an_account_made_by_an_operator_needs_no_code(client, alice, verified):
    User.objects.create_superuser("operator", "", PASSWORD)
    assert log_in(client, "operator").url == "/"
    log_out(client)
    assert log_in(client, "alice").url == "/"


@pytest.mark.parametrize(
    ("email_url", "heading", "note"),
    [
        ("smtp://mail.example.org", "Check your email", "sent a confirmation email to b@example.org"),
        ("", "Ask the site's operator for the link", "confirms b@example.org is in the server log"),
    ],
)
def test_a_site_says_where_its_links_are(client, alice, settings, mailoutbox, email_url, heading, note):
    settings.EMAIL_URL = email_url
    reset = client.post(reverse("account_reset_password"), {"email": alice.email}, follow=True)
    assert f"<h1>{heading}</h1>" in html.unescape(reset.content.decode())
    client.force_login(alice, "django.contrib.auth.backends.ModelBackend")
    page = client.post(reverse("account_email"), {"action_add": "", "email": "b@example.org"}, follow=True)
    assert note in html.unescape(page.content.decode())
    assert [mail.to[0] for mail in mailoutbox] == [alice.email, "b@example.org"]
