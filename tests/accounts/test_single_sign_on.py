"""Single sign-on with an OpenID Connect provider, on a real site."""

import pytest
from django.urls import reverse

from tests.support.oidc_provider import OidcProvider


@pytest.fixture
def provider():
    with OidcProvider() as provider:
        yield provider
    assert provider.errors == []


def test_single_sign_on_makes_an_account_that_keeps_the_guests_answers(
    make_site, api_server, provider, visit
):
    site = make_site(api_server, **provider.environment, ASKME_SIGNUP="closed").start()
    visitor = visit(site)
    assert "Continue with Team login" in visitor.http.get(f"{site.url}/accounts/login/").text
    socket = visitor.connect()
    answer = socket.ask("As a guest?")
    socket.finish(answer)
    page = visitor.log_in_at_the_provider()
    assert page.url == site.url + "/"
    assert "alice@team.example" in page.text
    assert visitor.reads(answer)
    again = visit(site)  # the same account on another device
    again.log_in_at_the_provider()
    assert again.reads(answer)
    provider.person = {"sub": "2", "email": "bob@team.example", "email_verified": True}
    bob = visit(site)
    assert "bob@team.example" in bob.log_in_at_the_provider().text
    assert not bob.reads(answer)


@pytest.mark.parametrize(
    "person",
    [
        {"sub": "3", "email": "mallory@else.example", "email_verified": True},
        {"sub": "4", "email": "alice@team.example", "email_verified": False},
        {"sub": "5", "email": "alice@team.example.else.example", "email_verified": True},
        {"sub": "6"},
    ],
    ids=["another domain", "not verified", "a longer domain", "no address"],
)
def test_only_people_of_the_allowed_domains_can_log_in(make_site, api_server, provider, visit, person):
    site = make_site(api_server, **provider.environment, ASKME_OIDC_DOMAINS="team.example").start()
    provider.person = person
    visitor = visit(site)
    page = visitor.log_in_at_the_provider()
    assert page.status_code == 403
    assert "Only people with a team.example email address" in page.text
    assert "Log in" in visitor.http.get(site.url).text
    provider.person = {"sub": "1", "email": "alice@Team.example", "email_verified": True}
    assert "alice@team.example" in visitor.log_in_at_the_provider().text.lower()


def test_a_provider_account_with_a_taken_address_does_not_open_that_account(
    make_site, api_server, provider, visit
):
    site = make_site(api_server, **provider.environment).start()
    owner = visit(site)
    owner.sign_up("alice@team.example")
    socket = owner.connect()
    answer = socket.ask("Mine?")
    socket.finish(answer)
    other = visit(site)
    other.log_in_at_the_provider()
    assert not other.reads(answer)


def test_an_unreachable_provider_is_explained_in_a_sentence(make_site, api_server, visit):
    with OidcProvider() as provider:
        environment = provider.environment
    site = make_site(api_server, **environment).start()
    page = visit(site).log_in_at_the_provider()
    assert "Team login couldn't be reached" in page.text
    assert page.status_code < 500 or page.status_code == 503
    assert "Traceback" not in site.log()


def test_a_forged_callback_from_the_provider_is_explained_in_a_sentence(
    make_site, api_server, provider, visit
):
    site = make_site(api_server, **provider.environment).start()
    for query in ("", "?code=x&state=y", "?error=access_denied", "?error=x&state=y"):
        page = visit(site).http.get(f"{site.url}/accounts/oidc/sso/login/callback/{query}")
        assert page.status_code < 500
        assert "Log in" in page.text
    assert "Traceback" not in site.log()


@pytest.mark.django_db
def test_single_sign_on_needs_a_provider(client):
    assert client.get("/accounts/oidc/sso/login/").status_code == 404
    assert "oidc" not in client.get(reverse("account_login")).content.decode()
