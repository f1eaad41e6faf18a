"""Who shares the limit of their network: everybody who can get a new account at any time. On real sites."""

import re
import uuid

import pytest

from accounts.hooks import SiteHooks
from tests.support.forms import PASSWORD
from tests.support.oidc_provider import OidcProvider

LIMITED = {"ASKME_PROXIES": "1", "ASKME_ADDRESS_QUESTIONS_PER_MINUTE": "2"}
MAKE_INVITATION = """
from accounts.models import Invitation
print("path:", Invitation.objects.create(for_whom="Bob").get_absolute_url())
"""


def verify(email):
    return f"""
from allauth.account.models import EmailAddress
EmailAddress.objects.filter(email={email!r}).update(verified=True)
"""


@pytest.fixture
def arrive(request):
    """A browser at one and the same network address."""
    from tests.support.forms import Visitor

    def arrive(site):
        visitor = Visitor(site.url, **{"X-Forwarded-For": "192.0.2.7"})
        request.addfinalizer(visitor.close)
        return visitor

    return arrive


def asks(visitor):
    """Ask a question. Returns the refusal, or None if it is answered."""
    socket, id = visitor.connect(), str(uuid.uuid4())
    socket.ask("Again?", id)
    while (event := socket.read())["type"] not in ("answer.finished", "error"):
        pass
    socket.close()
    return event if event["type"] == "error" else None


def test_a_new_account_for_each_question_does_not_lift_the_limit_of_a_network(make_site, api_server, arrive):
    site = make_site(api_server, **LIMITED).start()
    for number in range(2):
        visitor = arrive(site)
        visitor.sign_up(f"mallory-{number}@example.org")
        assert asks(visitor) is None
    visitor = arrive(site)
    visitor.sign_up("mallory-2@example.org")
    refused = asks(visitor)
    assert refused["code"] == "too_many_questions"
    assert re.search(r"^Your network has reached its limit .* in \d+ seconds\.$", refused["message"])
    assert len(api_server.requests) == 2
    guest = asks(arrive(site))
    assert guest["message"].endswith("seconds.")  # to log in would not help
    assert site.manage("shell", "-c", verify("mallory-2@example.org")).returncode == 0
    assert asks(visitor) is None


def test_people_who_use_single_sign_on_do_not_share_it_and_guests_learn_that(make_site, api_server, arrive):
    with OidcProvider() as provider:
        site = make_site(api_server, **LIMITED, **provider.environment).start()
        visitors = [arrive(site) for _ in range(3)]
        for visitor in visitors[:2]:
            assert asks(visitor) is None
        assert asks(visitors[2])["message"].endswith("seconds, or log in.")
        visitors[2].log_in_at_the_provider()
        assert asks(visitors[2]) is None
        assert asks(visitors[2]) is None


def test_people_with_an_invitation_and_operators_do_not_share_it(make_site, api_server, arrive):
    site = make_site(api_server, **LIMITED, ASKME_SIGNUP="invited").start()
    made = site.manage("shell", "-c", MAKE_INVITATION).stdout
    operator = f"from accounts.models import User; User.objects.create_superuser('boss', '', {PASSWORD!r})"
    assert site.manage("shell", "-c", operator).returncode == 0
    for _ in range(2):
        assert asks(arrive(site)) is None
    guest = arrive(site)
    assert asks(guest)["message"].endswith("seconds, or log in.")
    guest.http.get(site.url + made.partition("path: ")[2].strip())
    guest.sign_up("bob@example.org")
    assert asks(guest) is None
    boss = arrive(site)
    boss.log_in("boss")
    assert asks(boss) is None


def test_it_takes_one_statement_to_find_out(alice, guest, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert SiteHooks().counts_by_address(guest)
    with django_assert_num_queries(1):
        assert SiteHooks().counts_by_address(alice)
