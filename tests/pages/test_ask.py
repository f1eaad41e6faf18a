"""The home page and the page of an answer."""

import re
import uuid

import pytest

from accounts.models import User
from answers.models import Answer, Status

pytestmark = pytest.mark.django_db
NO_ANSWER = uuid.UUID(int=0)  # no answer has this id


@pytest.fixture
def alice():
    return User.objects.create_user("alice")


@pytest.fixture
def answer(alice):
    answer = Answer.objects.ask(alice, uuid.uuid4(), "Why <b>?")
    answer.text, answer.status = "Because <script>.", Status.COMPLETE
    answer.save()
    return answer


def test_the_home_page_sets_the_cookie_that_a_websocket_needs(client):
    page = client.get("/")
    assert page.status_code == 200
    cookie = page.cookies["guest"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    assert not cookie["domain"]
    assert "guest" not in client.get("/").cookies  # the second page sets no cookie


def test_the_cookie_of_a_deleted_session_is_deleted(client):
    client.cookies["sessionid"] = "gone"
    page = client.get("/")
    assert page.cookies["sessionid"].value == ""
    assert page.cookies["guest"].value


def test_the_content_security_policy_allows_nothing_external_or_inline(client):
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    page = client.get("/").content.decode()
    assert "style=" not in page
    assert "<style" not in page
    from_here = re.findall(r'<script [^>]*type="module" src="/static/', page)
    assert page.count("<script") == len(from_here) > 2


def test_an_answer_is_shown_at_its_address(client, alice, answer):
    client.force_login(alice)
    page = client.get(answer.get_absolute_url())
    assert page.status_code == 200
    assert "Why &lt;b&gt;?" in page.content.decode()
    assert "Because &lt;script&gt;." in page.content.decode()
    assert "no-store" in page.headers["Cache-Control"]


def test_another_persons_answer_and_no_answer_look_alike(client, answer):
    bob = User.objects.create_user("bob")
    for login in (lambda: None, lambda: client.force_login(bob)):
        login()
        theirs, none = (client.get(f"/a/{pk}/") for pk in (answer.pk, NO_ANSWER))
        assert theirs.status_code == none.status_code == 404
        assert theirs.content == none.content.replace(str(NO_ANSWER).encode(), str(answer.pk).encode())


def test_the_page_is_read_only(client):
    assert client.post("/").status_code == 405


def test_the_page_says_that_it_is_a_demo_and_how_to_change_that(client, settings):
    settings.ASKME_DEMO = True
    assert "OPENAI_API_KEY" in client.get("/").content.decode()
    settings.ASKME_DEMO = False
    assert "OPENAI_API_KEY" not in client.get("/").content.decode()


def test_only_the_owner_can_open_the_address_of_an_answer(site, meet):
    alice, bob = meet(site.url), meet(site.url)
    socket = alice.connect()
    id = socket.ask("Whose?")
    socket.finish(id)
    assert "Whose?" in alice.http.get(f"{site.url}/a/{id}/").text
    targets = (id, str(uuid.uuid4()))
    others = [bob.http.get(f"{site.url}/a/{target}/") for target in targets]
    assert [reply.status_code for reply in others] == [404, 404]
    pages = {reply.text.replace(target, "ID") for reply, target in zip(others, targets, strict=True)}
    assert len(pages) == 1
