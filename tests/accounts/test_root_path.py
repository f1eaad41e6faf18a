"""A root path changes no rule about an address, and a browser cannot set one."""

import io
from datetime import timedelta

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.core.handlers.asgi import ASGIRequest
from django.core.signing import TimestampSigner
from django.http import HttpResponse
from django.utils import timezone
from websockets.exceptions import InvalidStatus

from accounts.context_processors import accounts
from accounts.guest_cookie import SALT
from accounts.middleware import GuestMiddleware
from accounts.models import GuestKey, User
from tests.support.forms import PASSWORD, Somebody

HEADER = "Daphne-Root-Path"


@pytest.fixture
def guest(make_site, api_server):
    """A guest of a site on which nobody can sign up."""
    site = make_site(api_server, ASKME_SIGNUP="closed").start()
    person = Somebody(site.url)
    person.asks()
    yield person
    person.close()


@pytest.mark.parametrize("root", ["/x", "//x", "/%78", "/accounts"])
def test_a_guest_cannot_set_a_password_with_a_root_path_in_a_header(guest, root):
    guest.http.headers[HEADER] = root
    path = "/accounts/password/set/"
    form = {"password1": PASSWORD, "password2": PASSWORD}
    assert guest.get(path).headers["Location"].startswith("/accounts/login/")
    for reply in (guest.get(root + path), guest.send("POST", root + path, form)):
        assert reply.status_code == 404


def test_links_do_not_begin_with_what_the_browser_sent(guest):
    guest.http.headers[HEADER] = "/evil"
    page = guest.get("/evil/")
    assert page.status_code == 404
    page = guest.get("/")
    assert page.status_code == 200
    assert "/evil" not in page.text


def test_a_websocket_ignores_the_header_too(guest):
    guest.headers[HEADER] = "/x"
    socket = guest.connect()
    assert socket.finish(socket.ask("Why?"))["status"] == "complete"
    socket.close()
    with pytest.raises(InvalidStatus):
        guest.connect(guest.url + "/x")


def request_below(root: str, path: str) -> ASGIRequest:
    scope = {"type": "http", "method": "GET", "root_path": root, "path": root + path, "headers": []}
    request = ASGIRequest(scope, io.BytesIO())
    request.session = SessionStore()
    return request


@pytest.mark.parametrize("root", ["", "/ask"])
@pytest.mark.django_db
def test_below_a_root_path_a_guest_is_logged_out_on_the_account_pages_only(root, settings):
    guest = User.objects.create_user("guest-1", is_guest=True)
    GuestKey.objects.create(key="key", user=guest, expires_at=timezone.now() + timedelta(days=365))
    cookie = f"{settings.GUEST_COOKIE_NAME}={TimestampSigner(salt=SALT).sign('key')}"

    def user_at(path):
        seen = []

        def view(request):
            seen.append(request.user.is_authenticated)
            return HttpResponse()

        request = request_below(root, path)
        request.META["HTTP_COOKIE"] = cookie
        GuestMiddleware(view)(request)
        return seen[0]

    for path in ("/accounts/password/set/", "/admin/"):
        assert not user_at(path)
        assert accounts(request_below(root, path))["back"] == ""
    for path in ("/", "/history/", "/account/delete/"):
        assert user_at(path)
        assert accounts(request_below(root, path))["back"].startswith("?next=")
