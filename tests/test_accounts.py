"""Accounts by their pages: sign up, log in and out, passwords, invitations, the second factor, the admin."""

import re
import uuid
from datetime import timedelta

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Invitation
from answers.guests import user_of, user_or_guest
from answers.models import Answer, Share, User

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _no_limits_from_other_tests():
    cache.clear()


@pytest.fixture
def alice():
    return User.objects.create_user("alice", "alice@example.org", PASSWORD)


@pytest.fixture
def guest(client):
    """The browser of `client` has asked a question."""
    client.get("/")
    guest = user_or_guest(client.session.session_key)
    Answer.objects.ask(guest, uuid.uuid4(), "As a guest?")
    return guest


def sign_up(client, email="alice@example.org", password=PASSWORD):
    return client.post(reverse("account_signup"), {"email": email, "password1": password})


def log_in(client, login="alice@example.org", password=PASSWORD, **fields):
    return client.post(reverse("account_login"), {"login": login, "password": password, **fields})


def log_out(client):
    assert client.post(reverse("account_logout")).status_code == 302


def totp(secret):
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))


def says(response):
    """What a person reads, without what differs at each load."""
    return re.sub(r'value="[\w-]{40,}"', "", response.content.decode())


# -- In and out


def test_a_person_signs_up_logs_out_and_logs_in(client):
    assert sign_up(client).url == "/"
    user = User.objects.get()
    assert user_of(client.session.session_key) == user
    assert "alice@example.org" in client.get("/").content.decode()
    log_out(client)
    assert "alice@example.org" not in client.get("/").content.decode()
    assert log_in(client).url == "/"
    assert user_of(client.session.session_key) == user


def test_an_operators_account_logs_in_by_its_name(client):
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


def test_passwords_are_not_tried_without_end(client, alice):
    for _ in range(5):
        log_in(client, password="wrong")
    assert "Too many failed login attempts" in log_in(client).content.decode()
    cache.clear()
    assert log_in(client).status_code == 302


def test_where_tries_come_from_is_what_the_trusted_proxy_says(client, alice, settings):
    def tries(number, address):
        for one in range(number):
            page = log_in(
                client, f"{address}-{one}@example.org", HTTP_X_FORWARDED_FOR=f"6.6.6.{one}, {address}"
            )
        return page.content.decode()

    def log_in(client, login, **extra):
        return client.post(reverse("account_login"), {"login": login, "password": "wrong"}, **extra)

    assert "Too many" in tries(
        11, "1.1.1.1"
    )  # without a proxy what a client says of itself counts for nothing
    cache.clear()
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert "Too many" in tries(11, "1.1.1.1")
    assert "Too many" not in tries(1, "2.2.2.2")


@pytest.mark.parametrize(
    "address", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil"]
)
def test_after_the_login_nobody_is_sent_to_another_site(client, alice, address):
    assert log_in(client, next=address).url == "/"


def test_after_the_login_one_comes_back_to_where_one_was(client, alice):
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
def test_pages_of_an_account_need_one(client, name, who, request):
    if who == "guest":
        request.getfixturevalue("guest")
    reply = client.get(reverse(name))
    assert reply.status_code == 302
    assert reply.url.startswith(reverse("account_login"))


# -- From guest to account


def test_who_signs_up_keeps_what_they_asked_as_a_guest(client, guest):
    Share.objects.create(user=guest, thread=guest.answers.get().thread)
    old_key = client.session.session_key
    assert "comes along" in client.get(reverse("account_signup")).content.decode()
    assert sign_up(client).status_code == 302
    user = User.objects.get()  # the guest is gone
    assert (user.email, user.is_guest, user.has_usable_password()) == ("alice@example.org", False, True)
    assert user.answers.get().question == "As a guest?"
    assert user.shares.count() == 1
    assert user_of(client.session.session_key) == user
    assert client.session.session_key != old_key
    assert user_of(old_key) is user_or_guest(old_key) is None
    assert not Session.objects.filter(pk=old_key).exists()


def test_who_logs_in_finds_both_the_old_and_the_guests_answers(client, alice, guest):
    Answer.objects.ask(alice, uuid.uuid4(), "As Alice?")
    log_in(client)
    assert {answer.question for answer in alice.answers.all()} == {"As Alice?", "As a guest?"}
    assert list(User.objects.all()) == [alice]


def test_a_failed_login_leaves_the_guest_as_it_is(client, alice, guest):
    log_in(client, password="wrong")
    assert guest.answers.count() == 1
    assert user_of(client.session.session_key) == guest


def test_the_answers_of_one_account_do_not_move_to_another(client, alice):
    bob = User.objects.create_user("bob", "bob@example.org", PASSWORD)
    Answer.objects.ask(bob, uuid.uuid4(), "As Bob?")
    client.force_login(bob)
    log_in(client)
    assert bob.answers.count() == 1
    assert alice.answers.count() == 0


def test_all_that_a_guest_can_have_is_handed_over():
    """Whoever adds a table of people's own adds it to `guests.hand_over` and here."""
    relations = {
        r.get_accessor_name()
        for r in User._meta.related_objects
        if r.related_model._meta.app_label == "answers"
    }
    assert relations == {"answers", "shares", "asked"}


# -- Passwords and addresses


def test_a_forgotten_password_is_set_anew_by_a_link(client, alice, mailoutbox):
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
    assert "invalid" in client.get(link, follow=True).content.decode()  # once


def test_a_password_link_for_an_unknown_address_looks_the_same(client, alice, mailoutbox):
    pages = [
        client.post(reverse("account_reset_password"), {"email": email}, follow=True)
        for email in ("alice@example.org", "nobody@example.org")
    ]
    assert says(pages[0]) == says(pages[1])
    assert "/password/reset/key/" not in mailoutbox[1].body


@pytest.fixture
def verified(settings):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    settings.ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True


def test_an_address_is_verified_by_a_code_and_then_the_guests_answers_come(
    client, guest, verified, mailoutbox
):
    page = client.get(sign_up(client).url)
    assert page.status_code == 200
    assert guest.answers.count() == 1  # not before: it may be somebody else's address
    code = re.search(r"^(\w[\w-]{5,})$", mailoutbox[0].body, re.MULTILINE)[1]
    assert "Incorrect code" in client.post(page.request["PATH_INFO"], {"code": "000-000"}).content.decode()
    assert client.post(page.request["PATH_INFO"], {"code": code}).status_code == 302
    assert User.objects.get().answers.count() == 1


def test_who_has_not_typed_the_code_does_not_come_in_by_the_password(client, guest, verified, mailoutbox):
    sign_up(client)
    for browser in (client, Client()):
        cache.clear()  # one e-mail in ten seconds
        assert log_in(browser).url == reverse("account_email_verification_sent")
        assert browser.get(reverse("account_email")).status_code == 302
    assert guest.answers.count() == 1
    client.post(reverse("account_reset_password"), {"email": "alice@example.org"})
    assert client.get(reverse("account_email")).status_code == 302


def test_without_a_provider_there_is_no_single_sign_on(client):
    assert client.get("/accounts/oidc/sso/login/").status_code == 404
    assert "oidc" not in client.get(reverse("account_login")).content.decode()


def test_signing_up_does_not_tell_whose_addresses_are_taken(client, alice, verified, mailoutbox):
    alice.emailaddress_set.create(email=alice.email, verified=True, primary=True)
    taken = client.get(sign_up(client).url)
    client.cookies.clear()
    free = client.get(sign_up(client, "alicf@example.org").url)
    assert says(taken) == says(free).replace("alicf", "alice")
    assert User.objects.filter(email="alice@example.org").count() == 1
    assert "already" in mailoutbox[0].body


def test_who_was_made_by_an_operator_needs_no_code(client, alice, verified):
    User.objects.create_superuser("operator", "", PASSWORD)
    assert log_in(client, "operator").url == "/"
    log_out(client)
    assert log_in(client, "alice").url == "/"


# -- Who may sign up


def follow(client, invitation):
    return client.get(invitation.get_absolute_url())


def test_an_invitation_makes_one_account(client, settings, guest):
    settings.ASKME_SIGNUP = "invited"
    invitation = Invitation.objects.create(for_whom="Alice")
    assert "invitation" in client.get(reverse("account_signup")).content.decode()
    assert sign_up(client).status_code == 200
    assert User.objects.count() == 1
    assert follow(client, invitation).url == reverse("account_signup")
    assert "Password" in client.get(reverse("account_signup")).content.decode()
    assert sign_up(client).url == "/"
    invitation.refresh_from_db()
    assert invitation.used_by == User.objects.get()
    assert invitation.used_by.answers.count() == 1
    log_out(client)
    assert follow(client, invitation).status_code == 404
    assert "invitation" in sign_up(client, "bob@example.org").content.decode()
    assert User.objects.count() == 1


def test_of_two_who_follow_one_link_one_gets_the_account(client, settings):
    settings.ASKME_SIGNUP = "invited"
    invitation, other = Invitation.objects.create(for_whom="Alice"), Client()
    follow(client, invitation)
    follow(other, invitation)
    assert sign_up(client).status_code == 302
    assert "invitation" in sign_up(other, "bob@example.org").content.decode()
    assert User.objects.count() == 1


def test_an_old_and_a_made_up_invitation_look_alike(client, settings):
    settings.ASKME_SIGNUP = "invited"
    old = Invitation.objects.create(for_whom="Alice", expires_at=timezone.now() - timedelta(seconds=1))
    pages = [follow(client, old)]
    for token in ("1", "1:x", f"{old.pk}:{'A' * 43}", "%00", "x" * 3000):
        pages.append(client.get(f"/accounts/invitation/{token}/"))
    assert {page.status_code for page in pages} == {404}
    assert len({says(page) for page in pages}) == 1


def test_where_sign_up_is_closed_the_page_says_whom_to_ask(client, settings):
    settings.ASKME_SIGNUP = "closed"
    assert "whoever runs this site" in client.get(reverse("account_signup")).content.decode()
    assert "whoever runs this site" in sign_up(client).content.decode()
    assert User.objects.count() == 0
    assert reverse("account_signup") not in client.get("/").content.decode()


def test_an_operator_makes_an_invitation_and_sees_its_link(client, alice):
    add = reverse("admin:accounts_invitation_add")
    client.force_login(alice)
    assert client.get(add).status_code == 302
    client.force_login(User.objects.create_superuser("operator"))
    tomorrow = timezone.now() + timedelta(days=1)
    fields = {"for_whom": "Bob", "expires_at_0": tomorrow.date(), "expires_at_1": "12:00"}
    page = client.post(add, fields, follow=True).content.decode()
    invitation = Invitation.objects.get()
    assert f"http://testserver{invitation.get_absolute_url()}" in page
    invitation.used_at = timezone.now()
    invitation.save()
    page = client.get(reverse("admin:accounts_invitation_change", args=[invitation.pk])).content.decode()
    assert invitation.get_absolute_url() not in page


# -- The second factor and the admin


def enrol(client):
    ask_again = client.get(reverse("mfa_activate_totp")).url  # for the password, before anything that weighs
    page = client.post(ask_again, {"password": PASSWORD}, follow=True)
    assert "data:image/svg+xml" in page.content.decode()
    secret = page.context["form"].secret
    assert client.post(reverse("mfa_activate_totp"), {"code": totp(secret)}).status_code == 302
    codes = client.get(reverse("mfa_view_recovery_codes")).context["unused_codes"]
    cache.clear()  # a code counts once, and a test has no 30 seconds
    return secret, codes


def test_who_has_a_second_factor_logs_in_with_it(client, guest):
    sign_up(client)
    user = User.objects.get()
    secret, codes = enrol(client)
    log_out(client)
    client.get("/")
    user_or_guest(client.session.session_key).answers.create(
        question="As a guest again?", thread=uuid.uuid4()
    )
    assert log_in(client).url == reverse("mfa_authenticate")
    assert user_of(client.session.session_key).is_guest
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


def test_operators_log_in_as_all_do_with_their_second_factor(client, guest):
    User.objects.create_superuser("operator", "", PASSWORD)
    page = client.get(reverse("admin:index"), follow=True)
    login = reverse("account_login")
    assert page.request["PATH_INFO"] == login
    assert log_in(client, "operator", next="/admin/").url == "/admin/"
    secret, _ = enrol(client)
    log_out(client)
    name_and_password = {"username": "operator", "password": PASSWORD}
    assert client.post("/admin/login/", name_and_password).url.startswith(login)
    assert client.get("/admin/").status_code == 302
    assert log_in(client, "operator", next="/admin/").url.startswith(reverse("mfa_authenticate"))
    assert client.get("/admin/").status_code == 302
    assert client.post(reverse("mfa_authenticate"), {"code": totp(secret)}).url == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_who_is_no_operator_does_not_come_into_the_admin(client, alice):
    log_in(client)
    assert client.get("/admin/", follow=True).status_code == 403
