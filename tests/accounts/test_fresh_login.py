"""Before an account with single sign-on is deleted, the provider confirms that its owner is there."""

import time

import pytest

from tests.support.oidc_provider import OidcProvider

ADDRESS = "/account/delete/"
NOT_CONFIRMED = "didn't confirm that you have just logged in"


@pytest.fixture
def provider():
    with OidcProvider() as provider:
        provider.entered_at = int(time.time()) - 3_600  # an hour ago: later logins are silent
        yield provider
    assert provider.errors == []


@pytest.fixture
def site(make_site, api_server, provider):
    site = make_site(api_server, **provider.environment).start()
    yield site
    assert "Traceback" not in site.log()


@pytest.fixture
def owner(site, visit):
    """Logged in a moment ago, without entering a password: the provider knew the browser."""
    visitor = visit(site)
    visitor.log_in_at_the_provider()
    socket = visitor.connect()
    visitor.answer = socket.ask("Mine?")
    socket.finish(visitor.answer)
    return visitor


def open_page(visitor, path=ADDRESS):
    page = visitor.http.get(visitor.url + path)
    return page.text.replace("&#x27;", "'")


def token(visitor):
    return {"csrfmiddlewaretoken": visitor.http.cookies["csrftoken"]}


def test_the_provider_asks_for_the_password_again_and_then_the_account_is_deleted(provider, owner):
    assert "Delete everything" in open_page(owner)
    assert (provider.prompts, provider.max_ages) == (["", "login"], ["", "0"])
    assert "Delete everything" in open_page(owner)  # it was a moment ago
    owner.submit(ADDRESS)
    assert provider.prompts == ["", "login"]
    owner.log_in_at_the_provider()
    assert not owner.reads(owner.answer)


def test_a_login_at_which_the_password_was_entered_is_fresh(provider, site, visit):
    provider.entered_at = int(time.time())
    visitor = visit(site)
    visitor.log_in_at_the_provider()
    assert "Delete everything" in open_page(visitor)
    assert provider.prompts == [""]


@pytest.mark.parametrize(
    "entered_at",
    [
        pytest.param(lambda: int(time.time()) - 400, id="minutes ago"),
        pytest.param(lambda: int(time.time()) + 400, id="in the future"),
        pytest.param(lambda: True, id="no number"),
        pytest.param(lambda: str(int(time.time())), id="text"),
        pytest.param(lambda: None, id="null"),
    ],
)
def test_a_provider_that_lets_people_in_without_a_password_confirms_nothing(provider, owner, entered_at):
    provider.ignores_prompt, provider.entered_at = True, entered_at()
    page = open_page(owner)
    assert provider.prompts == ["", "login"]  # once: no endless redirects
    assert f"Team login {NOT_CONFIRMED}" in page
    assert "Delete everything" not in page
    owner.http.post(owner.url + ADDRESS, token(owner))
    assert owner.reads(owner.answer)


def test_a_provider_that_does_not_say_when_confirms_nothing(provider, owner):
    provider.sends_auth_time = False
    assert NOT_CONFIRMED in open_page(owner)
    owner.http.post(owner.url + ADDRESS, token(owner))
    assert owner.reads(owner.answer)
    provider.sends_auth_time = True  # its operator has changed that
    assert "Delete everything" in open_page(owner)


def test_clocks_may_differ_by_a_minute(provider, owner):
    provider.ignores_prompt, provider.entered_at = True, int(time.time()) + 50
    assert "Delete everything" in open_page(owner)


def test_a_fresh_login_on_another_device_does_not_count_here(provider, site, owner, visit):
    provider.ignores_prompt = True
    provider.entered_at, stale = int(time.time()), provider.entered_at
    elsewhere = visit(site)
    elsewhere.log_in_at_the_provider()
    provider.entered_at = stale
    assert "Delete everything" in open_page(elsewhere)
    assert NOT_CONFIRMED in open_page(owner)


@pytest.mark.parametrize("path", ["/accounts/password/set/", "/accounts/2fa/totp/activate/"])
def test_a_new_way_to_confirm_needs_a_fresh_login_too(provider, owner, path):
    """Otherwise whoever finds an open browser sets a password, and confirms with that."""
    provider.ignores_prompt = True
    assert NOT_CONFIRMED in open_page(owner, path)
    provider.ignores_prompt = False
    assert NOT_CONFIRMED not in open_page(owner, path)
    assert provider.prompts == ["", "login", "login"]
