"""One litany for every address and every frame, with people who load pages and open sockets.

It works; another person is refused and cannot tell that it exists; where only people with an account may ask,
nobody else does; too much, another method and an id that is none are refused. What is not in the tables below
fails the first test.
"""

import re
import uuid
from typing import NamedTuple

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from answers.consumers import FOLLOWED_AT_ONCE
from tests.api_server import stall
from tests.people import Socket
from tests.sites import ROOT, Site
from tests.test_accounts_site import Visitor


class View(NamedTuple):
    """The statuses of GET and POST for what is Alice's: for her, for Bob, for a visitor where one needs an
    account."""

    address: str
    alice: tuple[int, int]
    bob: tuple[int, int]
    visitor: tuple[int, int]
    form: dict[str, str] = {}

    @property
    def is_alices(self) -> bool:
        return "{answer}" in self.address

    @property
    def takes_a_form(self) -> bool:
        return self.alice[1] != 405


ANYBODYS = [(200, 405)] * 3
OWN = (404, 404), (404, 404)
VIEWS = {
    "home": View("/", *ANYBODYS),
    "ask": View("/ask/", (200, 303), (200, 303), (200, 403), {"question": "Why?"}),
    "answer": View("/a/{answer}/", (200, 405), (404, 405), (404, 405)),
    "stop": View("/a/{answer}/stop/", (303, 303), *OWN),
    "rate": View("/a/{answer}/rate/", (302, 302), *OWN, {"rating": "1"}),
    "share": View("/a/{answer}/share/", (200, 302), *OWN),
    "delete_answer": View("/a/{answer}/delete/", (200, 302), *OWN),
    "shared": View("/s/{share}/", *ANYBODYS),
    "history": View("/history/", *ANYBODYS),
    "export_json": View("/history/answers.json", *ANYBODYS),
    "export_markdown": View("/history/answers.md", *ANYBODYS),
    "delete_history": View("/history/delete/", *[(200, 302)] * 3),
    "delete_account": View("/account/delete/", *[(302, 302)] * 3),  # to the password; of nobody, nothing
    "invitation": View("/accounts/invitation/{invitation}/", *[(302, 405)] * 3),
    "single_sign_on": View("/accounts/oidc/sso/login/", *[(404, 405)] * 3),  # there is no provider
    "healthz": View("/healthz", *ANYBODYS),
}
# The pages of accounts are allauth's: those for people who have none, and the rest, which leads to the login.
OPEN = {
    "account_login",
    "account_logout",
    "account_inactive",
    "account_signup",
    "account_email_verification_sent",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_confirm_email",
    "socialaccount_login_cancelled",
    "socialaccount_login_error",
    "openid_connect_login",
    "openid_connect_callback",
}
OF_AN_ACCOUNT = {
    "account_reauthenticate",
    "account_email",
    "account_change_password",
    "account_set_password",
    "account_confirm_login_code",
    "mfa_index",
    "mfa_authenticate",
    "mfa_reauthenticate",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_download_recovery_codes",
    "socialaccount_signup",
    "socialaccount_connections",
}
NONE = str(uuid.UUID(int=0))  # of no answer
FRAMES = {
    "question.ask": {"answer": NONE, "question": "Why?"},
    "answer.follow": {"answer": NONE},
    "answer.stop": {"answer": NONE},
}
BAD_IDS = ["x", "0" * 32, NONE + "0", NONE[:-1], NONE[:-1] + "g", "%00", "x" * 3000, NONE + "/x"]
PASSWORD = "correct horse battery"


def patterns(resolver: URLResolver) -> list[URLPattern]:
    """All but the admin's, which has no door but its own."""
    found = []
    for one in resolver.url_patterns:
        if isinstance(one, URLPattern):
            found.append(one)
        elif one.namespace != "admin":
            found += patterns(one)
    return found


def test_all_that_there_is_is_in_the_litany():
    addresses = {one.name or one.callback.__name__ for one in patterns(get_resolver())}
    assert addresses - {"view"} == VIEWS.keys() | OPEN | OF_AN_ACCOUNT  # "view": allauth's old addresses
    said = set(re.findall(r'case "([a-z.]+)"', (ROOT / "answers/events.py").read_text()))
    assert said == FRAMES.keys()


# -- The people


@pytest.fixture(scope="module")
def site(shared_site):
    return shared_site


@pytest.fixture(scope="module")
def closed_site(tmp_path_factory, shared_site):
    """The same, where only people with an account ask."""
    site = Site(tmp_path_factory.mktemp("closed"), shared_site.api, ASKME_GUESTS="false")
    yield site.start()
    site.stop()


class Somebody(Visitor):
    def get(self, path: str, **options):
        return self.http.get(self.url + path, allow_redirects=False, **options)

    def send(self, method: str, path: str, form: dict[str, str] | None = None):
        """With the token that the page's form brought, so that nothing is refused for lack of it."""
        headers = {"X-CSRFToken": self.http.cookies["csrftoken"]}
        address = self.url + path
        return self.http.request(method, address, data=form, headers=headers, allow_redirects=False)

    def asks(self, question: str = "Why?", **fields: str | None) -> str:
        """The id of an answer that is complete."""
        answer, socket = str(uuid.uuid4()), self.connect()
        socket.say("question.ask", answer=answer, question=question, **fields)
        assert socket.finish(answer)["status"] == "complete"
        socket.close()
        return answer

    def row(self, answer: str) -> dict:
        """All that is kept of it."""
        answers = self.get("/history/answers.json").json()["answers"]
        return next(one for one in answers if one["id"] == answer)

    def shares(self, answer: str) -> str:
        self.send("POST", f"/a/{answer}/share/")
        return re.search(r"/s/([\w-]{32})/", self.get(f"/a/{answer}/share/").text)[1]


@pytest.fixture(scope="module")
def people(request):
    def make(site: Site, name: str = "") -> Somebody:
        """With a name, somebody who has an account."""
        person = Somebody(site.url)
        request.addfinalizer(person.close)
        if name:
            person.sign_up(f"{name}@example.org")
            person.http.get(site.url)  # the token is another after a login
        return person

    return make


# Once for all tests, since from one address twenty accounts are made in a minute.
@pytest.fixture(scope="module")
def alice(people, site):
    return people(site, "alice")


@pytest.fixture(scope="module")
def bob(people, site):
    return people(site, "bob")


@pytest.fixture(scope="module")
def closed_alice(people, closed_site):
    return people(closed_site, "alice")


@pytest.fixture
def visitor(people, site):
    return people(site)


INVITATION = """
from accounts.models import Invitation
print(Invitation.objects.create(for_whom="Bob").get_absolute_url().split("/")[-2])
"""


@pytest.fixture
def address_of(site):
    """The address of a view, of what is Alice's."""

    def make(name: str, owner: Somebody) -> str:
        address, values = VIEWS[name].address, {}
        if "{answer}" in address or "{share}" in address:
            values["answer"] = owner.asks()
        if "{share}" in address:
            values["share"] = owner.shares(values["answer"])
        if "{invitation}" in address:
            values["invitation"] = site.manage("shell", "-c", INVITATION).stdout.split()[-1]
        return address.format(**values)

    return make


def says(reply) -> tuple[int, str]:
    """Without the ids and tokens in it."""
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", reply.text)
    return reply.status_code, re.sub(r"\w{64}", "TOKEN", text)


# -- The views


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_works_for_whom_it_is(alice, address_of, name):
    view, address = VIEWS[name], address_of(name, alice)
    assert alice.get(address).status_code == view.alice[0]
    head = alice.http.head(alice.url + address)
    assert (head.status_code, head.content) == (view.alice[0], b"")
    assert alice.send("POST", address, view.form).status_code == view.alice[1]


@pytest.mark.parametrize("name", VIEWS)
def test_another_person_gets_no_more_than_the_table_says(alice, bob, address_of, name):
    view, address = VIEWS[name], address_of(name, alice)
    assert bob.get(address).status_code == view.bob[0]
    assert bob.send("POST", address, view.form).status_code == view.bob[1]


@pytest.mark.parametrize("name", [name for name, view in VIEWS.items() if view.is_alices])
def test_another_person_cannot_tell_that_it_exists_and_changes_nothing(alice, bob, visitor, address_of, name):
    view, address = VIEWS[name], address_of(name, alice)
    [answer] = re.findall(r"[\w-]{36}", address)
    kept = alice.row(answer)
    for person in (bob, visitor):
        for method in ("GET", "HEAD", "POST"):
            theirs = person.send(method, address, view.form)
            none = person.send(method, view.address.format(answer=uuid.uuid4()), view.form)
            assert says(theirs) == says(none)
    assert alice.row(answer) == kept


@pytest.mark.parametrize("name", [name for name in VIEWS if name not in ("shared", "invitation")])
def test_where_an_account_is_needed_a_visitor_gets_no_more_than_the_table_says(
    people, closed_site, closed_alice, name
):
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
def test_a_form_from_elsewhere_is_refused_and_changes_nothing(alice, address_of, name):
    address = address_of(name, alice)
    kept = alice.asks("Kept?")
    refused = alice.http.post(alice.url + address, VIEWS[name].form, allow_redirects=False)
    assert refused.status_code == 403
    assert "Nothing was changed." in refused.text
    assert alice.reads(kept)


@pytest.mark.parametrize("bad", BAD_IDS)
@pytest.mark.parametrize("name", [name for name, view in VIEWS.items() if "{" in view.address])
def test_an_id_that_is_none_is_a_page_that_is_not_there(visitor, name, bad):
    address = re.sub(r"\{\w+\}", bad, VIEWS[name].address)
    for method in ["GET", *(["POST"] if VIEWS[name].takes_a_form else [])]:
        assert visitor.send(method, address).status_code == 404


TOO_MUCH = [
    ("POST", "/ask/", {"question": "x" * 8001}, "Your question has 8001 characters"),
    ("POST", "/ask/", {"question": " \n"}, "Please type a question first."),
    ("POST", "/a/{answer}/rate/", {"rating": "1", "rating_note": "x" * 501}, "at most 500 characters"),
    ("POST", "/a/{answer}/rate/", {"rating": "7"}, "thumb up or thumb down"),
    ("GET", "/history/?q=" + "x" * 201, {}, "at most 200 characters"),
    *[
        ("POST", view.address, {"question": "x" * 3_000_000}, "larger than this site takes")
        for view in VIEWS.values()
        if view.takes_a_form
    ],
]


@pytest.mark.parametrize(("method", "address", "form", "sentence"), TOO_MUCH)
def test_too_much_is_refused_with_a_sentence(alice, method, address, form, sentence):
    refused = alice.send(method, address.format(answer=alice.asks() if "{" in address else ""), form)
    assert refused.status_code == 400
    assert sentence in refused.text


KEYS = {
    "account_confirm_email": {"key": "x"},
    "account_reset_password_from_key": {"uidb36": "x", "key": "x"},
    "openid_connect_login": {"provider_id": "sso"},
    "openid_connect_callback": {"provider_id": "sso"},
}


@pytest.mark.parametrize("name", sorted(OPEN | OF_AN_ACCOUNT))
def test_of_the_pages_of_accounts_nobody_sees_what_needs_one(site, people, alice, visitor, name):
    address = reverse(name, kwargs=KEYS.get(name, {}))
    visitor.asks()  # a guest
    for person in (people(site), visitor):
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


# -- The frames


def reply_to(socket: Socket, type: str, **fields) -> tuple[str, str]:
    """The code and sentence with which a frame is refused."""
    socket.say(type, **FRAMES[type] | fields)
    error = socket.read_until("error")
    assert error["message"].endswith((".", "…."))
    return error["code"], error["message"]


def test_every_frame_works_for_whom_it_is(alice):
    first = alice.asks("First?")
    second = alice.asks("Second?", follows=first, revises=None, model=None)
    other = alice.asks("Second, in other words?", revises=second)
    for answer in (first, second, other):
        socket = alice.connect()
        socket.follow(answer)
        assert socket.finish(answer)["status"] == "complete"
        socket.stop(answer)  # of what is finished it changes nothing
        socket.follow(answer)
        assert socket.finish(answer)["status"] == "complete"


def test_whoever_has_the_link_follows(alice, bob, visitor):
    answer = alice.asks()
    token = alice.shares(answer)
    for person in (bob, visitor):
        socket = person.connect()
        socket.say("answer.follow", answer=answer, share=token)
        socket.texts[answer] = ""
        assert socket.finish(answer)["status"] == "complete"
        assert reply_to(socket, "answer.follow", answer=answer)[0] == "not_found"
        assert reply_to(socket, "answer.stop", answer=answer)[0] == "not_found"


OF_ANOTHER = [
    ("question.ask", "answer"),
    ("question.ask", "follows"),
    ("question.ask", "revises"),
    ("answer.follow", "answer"),
    ("answer.stop", "answer"),
]


@pytest.mark.parametrize(("type", "field"), OF_ANOTHER)
def test_another_person_is_refused_a_frame_and_cannot_tell_that_the_answer_exists(
    alice, bob, visitor, type, field
):
    answer = alice.asks()
    token = alice.shares(alice.asks("Another thread?"))
    for person in (bob, visitor):
        socket = person.connect()
        own = {} if field == "answer" else {"answer": str(uuid.uuid4())}
        refused = reply_to(socket, type, **own | {field: answer})
        assert refused[0] == "not_found"
        if (type, field) != ("question.ask", "answer"):  # of which none is one that is free
            assert reply_to(socket, type, **own | {field: str(uuid.uuid4())}) == refused
        if type == "answer.follow":
            for share in (token, "x" * 32, ""):
                assert reply_to(socket, type, answer=answer, share=share) == refused
    assert alice.reads(answer)


def test_where_an_account_is_needed_a_visitor_asks_nothing(people, closed_site):
    asked = len(closed_site.api.requests)
    socket = people(closed_site).connect()
    code, sentence = reply_to(socket, "question.ask")
    assert code == "login_required"
    assert "Please log in" in sentence
    for type in ("answer.follow", "answer.stop"):
        assert reply_to(socket, type)[0] == "not_found"
    assert len(closed_site.api.requests) == asked


@pytest.mark.parametrize("type", FRAMES)
def test_without_a_session_nobody_says_anything(site, type):
    socket = Socket(site.url, {})
    assert reply_to(socket, type)[0] in ("no_session", "not_found")
    socket.close()


BAD_FIELDS = [
    *[(type, "answer", bad) for type in FRAMES for bad in (None, 1, "", "x" * 36, NONE + "0", [NONE])],
    *[("question.ask", field, bad) for field in ("follows", "revises") for bad in (1, "", "x" * 36, [NONE])],
    *[("question.ask", "question", bad) for bad in (None, 1, ["?"])],
    *[("question.ask", "model", bad) for bad in (1, ["?"], {})],
    *[("answer.follow", "position", bad) for bad in (-1, "1", True, 1.5, 2**31, None)],
    *[("answer.follow", "share", bad) for bad in (1, "x" * 65, "é", [])],
]


def test_a_field_that_is_none_is_refused_and_the_socket_lives_on(visitor):
    socket = visitor.connect()
    for type, field, bad in BAD_FIELDS:
        assert reply_to(socket, type, **{field: bad})[0] == "bad_frame", (type, field, bad)
    assert reply_to(socket, "question.ask", follows=NONE, revises=NONE)[0] == "bad_frame"
    assert socket.finish(socket.ask("Still there?"))["status"] == "complete"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"question": ""}, "bad_question"),
        ({"question": "x" * 8001}, "bad_question"),
        ({"model": "nothing"}, "bad_model"),
        ({"model": "x" * 8001}, "bad_model"),
        ({"question": "x" * 70_000}, "too_large"),
    ],
)
def test_too_much_in_a_frame_is_refused_with_a_sentence(visitor, fields, code):
    socket = visitor.connect()
    assert reply_to(socket, "question.ask", **fields)[0] == code


def test_one_socket_follows_a_few_answers_at_most(site, alice):
    site.api.when("Hold on?", stall())
    socket = alice.connect()
    for _ in range(FOLLOWED_AT_ONCE):
        socket.ask("Hold on?")
    assert socket.read_until("error", last := socket.ask("One more?"))["code"] == "too_many"
    site.api.release()
    assert alice.reads(last)  # it was asked, and is answered; only not followed here
