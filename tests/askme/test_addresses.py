"""The same tests for every address of the site.

An address works for its owner. Another person is refused and cannot see whether an answer exists. Where only
people with an account may ask, nobody else can. Bad input, another method and a bad id are refused. The first
test fails if an address or a frame is not in the tables.
"""

import re
import uuid

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.support.forms import Somebody
from tests.support.site_tables import FRAMES, NO_ANSWER, OF_AN_ACCOUNT, OPEN, VIEWS
from tests.support.sites import ROOT

SHARED = "shared", "shared_text", "invitation"  # with a token instead of a login
BAD_IDS = [
    "x",
    "0" * 32,
    NO_ANSWER + "0",
    NO_ANSWER[:-1],
    NO_ANSWER[:-1] + "g",
    "%00",
    "x" * 3000,
    NO_ANSWER + "/x",
]


def patterns(resolver: URLResolver) -> list[URLPattern]:
    """Return all patterns except those of the admin, which has its own login check."""
    found = []
    for one in resolver.url_patterns:
        if isinstance(one, URLPattern):
            found.append(one)
        elif one.namespace != "admin":
            found += patterns(one)
    return found


def test_every_address_and_every_frame_is_in_the_tables():
    addresses = {one.name or one.callback.__name__ for one in patterns(get_resolver())}
    assert addresses - {"view"} == VIEWS.keys() | OPEN | OF_AN_ACCOUNT  # "view": allauth's old addresses
    said = set(re.findall(r'case "([a-z.]+)"', (ROOT / "answers/protocol.py").read_text()))
    assert said == FRAMES.keys()


INVITATION = """
from accounts.models import Invitation
print(Invitation.objects.create(for_whom="Bob").get_absolute_url().split("/")[-2])
"""


@pytest.fixture
def address_of(shared_site):
    """Make an answer of the owner, and return the address of a view of it."""

    def make(name: str, owner: Somebody) -> str:
        address, values = VIEWS[name].address, {}
        if "{answer}" in address or "{share}" in address:
            values["answer"] = owner.asks()
        if "{share}" in address:
            values["share"] = owner.shares(values["answer"])
        if "{invitation}" in address:
            values["invitation"] = shared_site.manage("shell", "-c", INVITATION).stdout.split()[-1]
        return address.format(**values)

    return make


def says(reply) -> tuple[int, str]:
    """Return the status and the text, without ids and tokens."""
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", reply.text)
    return reply.status_code, re.sub(r"\w{64}", "TOKEN", text)


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_works_for_its_owner(alice, address_of, name):
    view, address = VIEWS[name], address_of(name, alice)
    assert alice.get(address).status_code == view.alice[0]
    head = alice.http.head(alice.url + address)
    assert (head.status_code, head.content) == (view.alice[0], b"")
    assert alice.send("POST", address, view.form).status_code == view.alice[1]


@pytest.mark.parametrize("name", VIEWS)
def test_another_person_gets_the_status_in_the_table(alice, bob, address_of, name):
    view, address = VIEWS[name], address_of(name, alice)
    assert bob.get(address).status_code == view.bob[0]
    assert bob.send("POST", address, view.form).status_code == view.bob[1]


@pytest.mark.parametrize("name", [name for name, view in VIEWS.items() if view.is_alices])
def test_another_person_cannot_see_that_an_answer_exists_and_changes_nothing(
    alice, bob, visitor, address_of, name
):
    view, address = VIEWS[name], address_of(name, alice)
    [answer] = re.findall(r"[\w-]{36}", address)
    kept = alice.row(answer)
    for person in (bob, visitor):
        person.get("/")  # shows what was to be said about an earlier request
        for method in ("GET", "HEAD", "POST"):
            theirs = person.send(method, address, view.form)
            none = person.send(method, view.address.format(answer=uuid.uuid4()), view.form)
            assert says(theirs) == says(none)
    assert alice.row(answer) == kept


@pytest.mark.parametrize("name", [name for name in VIEWS if name not in SHARED])
def test_a_visitor_of_a_closed_site_gets_the_status_in_the_table(people, closed_site, closed_alice, name):
    view, person = VIEWS[name], people(closed_site)
    address = view.address.format(answer=closed_alice.asks() if view.is_alices else "")
    assert person.get(address).status_code == view.visitor[0]
    refused = person.send("POST", address, view.form)
    assert refused.status_code == view.visitor[1]
    if refused.status_code == 403:
        assert "Please log in to ask a question." in refused.text


@pytest.mark.parametrize("name", VIEWS)
def test_another_method_is_refused(alice, address_of, name):
    address = address_of(name, alice)
    for method in ["PUT", "PATCH", "DELETE", "OPTIONS", *([] if VIEWS[name].takes_a_form else ["POST"])]:
        refused = alice.send(method, address)
        assert refused.status_code == 405
        assert method not in refused.headers["Allow"]


@pytest.mark.parametrize("name", [name for name, view in VIEWS.items() if view.takes_a_form])
def test_a_form_from_another_site_is_refused_and_changes_nothing(alice, address_of, name):
    address = address_of(name, alice)
    kept = alice.asks("Kept?")
    refused = alice.http.post(alice.url + address, VIEWS[name].form, allow_redirects=False)
    assert refused.status_code == 403
    assert "Nothing was changed." in refused.text
    assert alice.reads(kept)


@pytest.mark.parametrize("bad", BAD_IDS)
@pytest.mark.parametrize("name", [name for name, view in VIEWS.items() if "{" in view.address])
def test_a_malformed_id_is_not_found(visitor, name, bad):
    address = re.sub(r"\{\w+\}", bad, VIEWS[name].address)
    for method in ["GET", *(["POST"] if VIEWS[name].takes_a_form else [])]:
        assert visitor.send(method, address).status_code == 404


TOO_MUCH = [
    ("POST", "/ask/", {"question": "x" * 8001}, "Your question has 8,001 characters"),
    ("POST", "/ask/", {"question": " \n"}, "Please type a question first."),
    ("POST", "/a/{answer}/rate/", {"rating": "1", "rating_note": "x" * 501}, "at most 500 characters"),
    ("POST", "/a/{answer}/rate/", {"rating": "7"}, "thumbs up or thumbs down"),
    ("GET", "/history/?q=" + "x" * 201, {}, "at most 200 characters"),
]


@pytest.mark.parametrize(("method", "address", "form", "sentence"), TOO_MUCH)
def test_bad_and_too_long_input_is_refused_with_a_sentence(alice, method, address, form, sentence):
    refused = alice.send(method, address.format(answer=alice.asks() if "{" in address else ""), form)
    assert refused.status_code == 400
    assert sentence in refused.text


@pytest.mark.parametrize("name", [name for name, view in VIEWS.items() if view.takes_a_form])
def test_a_form_that_is_too_large_is_refused_with_a_sentence(alice, address_of, name):
    refused = alice.send("POST", address_of(name, alice), {"question": "x" * 3_000_000})
    assert refused.status_code == 413
    assert "Go back and try again with less text." in refused.text


KEYS = {
    "account_confirm_email": {"key": "x"},
    "account_reset_password_from_key": {"uidb36": "x", "key": "x"},
    "openid_connect_login": {"provider_id": "sso"},
    "openid_connect_callback": {"provider_id": "sso"},
}


@pytest.mark.parametrize("name", sorted(OPEN | OF_AN_ACCOUNT))
def test_a_visitor_sees_no_page_that_needs_an_account(shared_site, people, alice, visitor, name):
    address = reverse(name, kwargs=KEYS.get(name, {}))
    visitor.asks()  # now a guest
    for person in (people(shared_site), visitor):
        reply = person.get(address)
        if name in OF_AN_ACCOUNT:
            assert reply.status_code == 302
            assert reply.headers["Location"].startswith("/accounts/login/")
        else:
            assert reply.status_code in (200, 401, 404) or reply.headers["Location"] == "/"
            assert "@example.org" not in reply.text
    assert alice.get(address).status_code < 500
    for method in ("POST", "PUT"):
        assert visitor.send(method, address).status_code < 500


def test_the_admin_is_for_operators(alice, visitor):
    for path in ("/admin/", "/admin/answers/answer/", "/admin/accounts/invitation/add/", "/admin/x/"):
        assert visitor.get(path).headers["Location"].startswith(("/admin/login/", "/accounts/login/"))
        assert alice.get(path).status_code == 302
    assert alice.get("/admin/login/?next=/admin/").status_code == 403
