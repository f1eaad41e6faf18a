"""The time zone of the reader, which the browser sends in a cookie (answers/static/answers/times.js).

Without the cookie, as without JavaScript, times are in UTC and say so.
"""

from collections.abc import Callable
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers

COOKIE = "timezone"


class TimeZoneMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = request.COOKIES.get(COOKIE)
        # Only known names are looked up, since a cookie may contain anything.
        with timezone.override(ZoneInfo(name) if name in _names() else None):
            response = self.get_response(request)
        patch_vary_headers(response, ["Cookie"])
        return response


@cache
def _names() -> frozenset[str]:
    """Read once, because it goes through all time zone files."""
    return frozenset(available_timezones())
