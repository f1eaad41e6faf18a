"""A request goes through Django in one thread."""

import asyncio
import threading
from unittest.mock import ANY

import pytest
from asgiref.testing import ApplicationCommunicator
from django.http import HttpResponse
from django.test import override_settings
from django.urls import path

from askme import handler as handler_module
from askme.handler import Handler

seen: list[tuple[str, int]] = []


class Marking:
    """Middleware as most is written: synchronous."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        seen.append(("before", threading.get_ident()))
        response = self.get_response(request)
        seen.append(("after", threading.get_ident()))
        return response


def view(request):
    seen.append(("view", threading.get_ident()))
    return HttpResponse("here")


async def async_view(request):
    seen.append(("view", threading.get_ident()))
    return HttpResponse("there")


def slow_view(request):
    seen.append(("slow", threading.get_ident()))
    assert released.wait(20)
    return HttpResponse("at last")


released = threading.Event()
urlpatterns = [path("sync/", view), path("async/", async_view), path("slow/", slow_view)]
MIDDLEWARE = [f"{__name__}.Marking", "django.middleware.common.CommonMiddleware", f"{__name__}.Marking"]


def request(handler, url):
    headers = [(b"host", b"testserver")]
    scope = {"type": "http", "method": "GET", "path": url, "query_string": b"", "headers": headers}
    return ApplicationCommunicator(handler, scope)


async def get(url, handler=None):
    seen.clear()
    page = request(handler or Handler(), url)
    await page.send_input({"type": "http.request"})
    start, body = await page.receive_output(20), await page.receive_output(20)
    await page.wait(20)
    return start["status"], body["body"]


@pytest.fixture(autouse=True)
def urls():
    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=MIDDLEWARE):
        yield


async def test_middleware_and_view_run_in_one_thread_which_is_not_the_loops():
    assert await get("/sync/") == (200, b"here")
    names, threads = zip(*seen, strict=True)
    assert names == ("before", "before", "view", "after", "after")
    assert len(set(threads)) == 1
    assert threads[0] != threading.get_ident()


async def test_an_async_view_runs_on_the_loop():
    assert await get("/async/") == (200, b"there")
    assert dict(seen)["view"] == threading.get_ident()


async def test_the_next_request_uses_the_same_thread():
    handler, threads = Handler(), set()
    for _ in range(5):
        await get("/sync/", handler)
        threads.add(dict(seen)["view"])
        while not handler._idle:  # the thread gives itself back
            await asyncio.sleep(0.001)
    assert len(threads) == 1


async def test_a_thread_is_used_again_only_once_it_is_free():
    """A browser that leaves does not end the view that it asked for."""
    handler = Handler()
    released.clear()
    page = request(handler, "/slow/")
    await page.send_input({"type": "http.request"})
    while ("slow", ANY) not in seen:
        await asyncio.sleep(0.001)
    slow = dict(seen)["slow"]
    await page.send_input({"type": "http.disconnect"})
    try:
        assert await get("/sync/", handler) == (200, b"here")
        assert dict(seen)["view"] != slow
    finally:
        released.set()
    await page.wait(20)
    async with asyncio.timeout(20):
        while len(handler._idle) < 2:
            await asyncio.sleep(0.001)


async def test_only_some_idle_threads_are_kept(monkeypatch):
    monkeypatch.setattr(handler_module, "MOST_IDLE", 1)
    handler = Handler()
    before = threading.active_count()
    await asyncio.gather(*[get("/sync/", handler) for _ in range(5)])
    async with asyncio.timeout(20):
        while threading.active_count() > before + 1 or not handler._idle:
            await asyncio.sleep(0.001)
    assert len(handler._idle) == 1
