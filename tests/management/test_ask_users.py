"""Who asks with `manage.py ask`: an account that no person can get, or a person who is named."""

import pytest

from tests.support.api_server import ApiServer
from tests.support.forms import PASSWORD, Visitor
from tests.support.oidc_provider import OidcProvider

SECRET = "What is the secret plan?"
USERS = """
from answers.models import Answer
for answer in Answer.objects.select_related("user"):
    user = answer.user
    print("saved:", user.username, user.is_active, user.has_usable_password(), repr(user.email))
"""


@pytest.fixture
def visit():
    visitors = []

    def visit(site):
        visitors.append(Visitor(site.url))
        return visitors[-1]

    yield visit
    for visitor in visitors:
        visitor.close()


def ask(site, *arguments):
    return site.manage("ask", SECRET, *arguments)


def owners(site):
    lines = site.manage("shell", "-c", USERS).stdout.splitlines()
    return [line.removeprefix("saved: ") for line in lines if line.startswith("saved: ")]


def sees_it(visitor):
    history = visitor.http.get(f"{visitor.url}/history/")
    assert history.status_code == 200
    return SECRET in history.text


@pytest.mark.parametrize(
    "address", ["terminal@example.org", "(terminal)@example.org", '"(terminal)"@example.org']
)
def test_nobody_signs_up_as_the_terminal_before_or_after_it_has_asked(make_site, api_server, visit, address):
    site = make_site(api_server).start()
    early, late = visit(site), visit(site)
    early.submit("/accounts/signup/", email=address, password1=PASSWORD)
    assert ask(site).returncode == 0
    late.submit("/accounts/signup/", email=address.replace("example.org", "example.com"), password1=PASSWORD)
    assert not sees_it(early)
    assert not sees_it(late)
    assert owners(site) == ["(terminal) False False ''"]


@pytest.mark.parametrize("name", ["terminal", "(terminal)"])
def test_single_sign_on_does_not_open_the_terminals_account(make_site, api_server, visit, name):
    with OidcProvider() as provider:
        site = make_site(api_server, **provider.environment).start()
        for number in range(2):
            provider.person = {
                "sub": str(number),
                "email": f"somebody@{number}.example",
                "email_verified": True,
                "preferred_username": name,
                "given_name": name,
            }
            visitor = visit(site)
            assert f"somebody@{number}.example" in visitor.log_in_at_the_provider().text
            assert ask(site).returncode == 0
            assert not sees_it(visitor)
        assert provider.errors == []
    assert owners(site) == ["(terminal) False False ''"] * 2


def test_nobody_logs_in_to_the_terminals_account_or_resets_its_password(make_site, api_server, visit):
    site = make_site(api_server).start()
    assert ask(site).returncode == 0
    visitor = visit(site)
    for password in ("", PASSWORD, "!"):
        page = visitor.submit("/accounts/login/", login="(terminal)", password=password)
        assert page.url == f"{site.url}/accounts/login/"
    visitor.submit("/accounts/password/reset/", email="(terminal)@localhost")
    assert "/password/reset/key/" not in site.log()
    assert not sees_it(visitor)


def test_an_account_of_that_name_which_can_log_in_is_not_used(make_site, api_server):
    """As on another site, whose names may contain anything."""
    site = make_site(api_server)
    assert site.manage("migrate", "-v0").returncode == 0
    make = "from accounts.models import User; User.objects.create_user('(terminal)', password='x')"
    assert site.manage("shell", "-c", make).returncode == 0
    done = ask(site)
    assert done.returncode == 2
    assert "can log in" in done.stderr
    assert "--user" in done.stderr
    assert owners(site) == []
    assert api_server.requests == []


def test_a_named_person_has_to_exist_and_then_finds_the_question(make_site, api_server, visit):
    site = make_site(api_server).start()
    done = ask(site, "--user", "alice")
    assert done.returncode == 2
    assert done.stderr == (
        "CommandError: There is no user “alice”. Name somebody who has an account,"
        " or leave out --user to ask as the terminal.\n"
    )
    alice = visit(site)
    alice.sign_up("alice@example.org")
    assert not sees_it(alice)
    assert ask(site, "--user", "alice").returncode == 0
    assert sees_it(alice)
    assert [owner.split()[0] for owner in owners(site)] == ["alice"]


@pytest.mark.parametrize("address", ["admin@example.org", "guest-0123456789abcdef@example.org"])
def test_nobody_gets_a_name_that_an_operator_would_take_for_the_sites_own(make_site, visit, address):
    with ApiServer() as api:
        site = make_site(api).start()
        visit(site).sign_up(address)
        code = "from accounts.models import User; print('name:', User.objects.get().username)"
        name = site.manage("shell", "-c", code).stdout.partition("name: ")[2].strip()
        assert name.startswith("user")
