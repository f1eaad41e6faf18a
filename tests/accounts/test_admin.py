"""People and invitations in the admin, and who may log in to it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Invitation, User
from tests.support.accounts import enrol, log_in, log_out, totp
from tests.support.forms import PASSWORD

pytestmark = pytest.mark.django_db


def test_an_operator_can_make_an_invitation_and_see_its_link(client, alice):
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


def test_operators_use_the_sites_login_and_their_second_factor(client, guest):
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


def test_only_operators_can_open_the_admin(client, alice):
    log_in(client)
    assert client.get("/admin/", follow=True).status_code == 403


def test_the_list_of_users_can_be_filtered_by_guests(client):
    client.force_login(User.objects.create_superuser("operator"))
    User.objects.create_user("guest-1", is_guest=True)
    page = client.get(reverse("admin:accounts_user_changelist"), {"is_guest__exact": 1})
    assert page.context["cl"].result_count == 1
