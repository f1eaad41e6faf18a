"""How many requests of one browser, and of the admin, run at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from accounts import guest_cookie
from askme import overload
from askme.overload import BROWSER_REQUESTS, OverloadMiddleware
from tests.support.services import wait_for


@pytest.fixture
def visit(monkeypatch):
    """Let a browser ask for so many slow pages at once. Returns how many ran, and how many did not."""
    monkeypatch.setattr(overload, "WAIT_SECONDS", 0.1)
    over, running = threading.Event(), []

    def slow(request):
        running.append(request)
        over.wait(30)
        return HttpResponse()

    middleware = OverloadMiddleware(slow)

    def visit(path, cookies, number):
        request = RequestFactory().get(path)
        request.COOKIES = cookies
        with ThreadPoolExecutor(number) as threads:
            pages = [threads.submit(middleware, request) for _ in range(number)]
            wait_for(lambda: len(running) + sum(page.done() for page in pages) == number, 20, "all tried")
            over.set()
            statuses = [page.result().status_code for page in pages]
        return statuses.count(200), statuses.count(503)

    return visit


def cookie_of_guest():
    response = HttpResponse()
    guest_cookie.set_key(response, guest_cookie.new_key())
    return {name: morsel.value for name, morsel in response.cookies.items()}


@pytest.mark.parametrize("cookies", [{"sessionid": "a" * 32}, cookie_of_guest()], ids=["account", "guest"])
def test_a_few_pages_of_a_browser_run_at_once(visit, cookies):
    assert visit("/history/", cookies, BROWSER_REQUESTS + 2) == (BROWSER_REQUESTS, 2)


def test_a_browser_cannot_take_the_turns_of_the_admin(visit):
    assert visit("/admin/", {"sessionid": "admin"}, 3) == (3, 0)


def test_pages_of_people_without_cookies_do_not_wait_for_each_other(visit):
    assert visit("/", {}, 10) == (10, 0)
