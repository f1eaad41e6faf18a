import uuid

import pytest
from django.db import connection

from answers.models import Answer, Status, User

pytestmark = pytest.mark.django_db

NONE = uuid.UUID(int=0)  # of no answer


@pytest.fixture
def alice():
    return User.objects.create_user("alice")


@pytest.fixture
def answer(alice):
    answer = Answer.objects.ask(alice, uuid.uuid4(), "Why <b>?")
    answer.text, answer.status = "Because <script>.", Status.COMPLETE
    answer.save()
    return answer


def test_the_home_page_gives_the_cookie_that_a_websocket_needs(client):
    page = client.get("/")
    assert page.status_code == 200
    cookie = page.cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert client.session.exists(cookie.value)
    assert "sessionid" not in client.get("/").cookies  # one is enough


def test_a_cookie_of_a_session_that_is_gone_is_replaced(client):
    client.cookies["sessionid"] = "gone"
    assert client.get("/").cookies["sessionid"].value != "gone"


def test_pages_allow_nothing_from_elsewhere_and_nothing_inline(client):
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    page = client.get("/").content.decode()
    assert "style=" not in page
    assert "<style" not in page
    assert page.count("<script") == page.count("<script src=") + page.count('<script type="module" src=')


def test_an_answer_is_read_at_its_own_address(client, alice, answer):
    client.force_login(alice)
    page = client.get(answer.get_absolute_url())
    assert page.status_code == 200
    assert "Why &lt;b&gt;?" in page.content.decode()
    assert "Because &lt;script&gt;." in page.content.decode()
    assert "no-store" in page.headers["Cache-Control"]


def test_another_persons_answer_and_none_look_alike(client, answer):
    bob = User.objects.create_user("bob")
    for login in (lambda: None, lambda: client.force_login(bob)):
        login()
        theirs, none = (client.get(f"/a/{pk}/") for pk in (answer.pk, NONE))
        assert theirs.status_code == none.status_code == 404
        assert theirs.content == none.content.replace(str(NONE).encode(), str(answer.pk).encode())


@pytest.mark.parametrize("path", ["/", "/healthz"])
def test_pages_are_read_only(client, path):
    assert client.post(path).status_code == 405


def test_healthz_tells_whether_the_database_answers(client, monkeypatch):
    assert client.get("/healthz").content == b"ok\n"
    monkeypatch.setattr(connection, "cursor", lambda: 1 / 0)
    client.raise_request_exception = False
    assert client.get("/healthz").status_code == 500


def test_the_page_says_that_it_is_a_demo_and_how_to_end_that(client, settings):
    settings.ASKME_DEMO = True
    assert "OPENAI_API_KEY" in client.get("/").content.decode()
    settings.ASKME_DEMO = False
    assert "OPENAI_API_KEY" not in client.get("/").content.decode()
