"""A request goes through Django in one thread."""

import threading

import pytest
from asgiref.testing import ApplicationCommunicator
from django.http import HttpResponse
from django.test import override_settings
from django.urls import path

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


urlpatterns = [path("sync/", view), path("async/", async_view)]
MIDDLEWARE = [f"{__name__}.Marking", "django.middleware.common.CommonMiddleware", f"{__name__}.Marking"]


async def get(url):
    seen.clear()
    headers = [(b"host", b"testserver")]
    scope = {"type": "http", "method": "GET", "path": url, "query_string": b"", "headers": headers}
    page = ApplicationCommunicator(Handler(), scope)
    await page.send_input({"type": "http.request"})
    start, body = await page.receive_output(5), await page.receive_output(5)
    await page.wait(5)
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
