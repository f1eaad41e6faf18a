"""Treats guests as logged out on the account pages and in the admin, so that they can log in or sign up."""

from collections.abc import Callable

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse

from accounts.guests import is_guest

PATHS = ("/accounts/", "/admin/")


class GuestMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Not `path`, which may begin with a root path; the URL is resolved without it too.
        if request.path_info.startswith(PATHS) and is_guest(request.user):
            request.user = AnonymousUser()
        return self.get_response(request)
