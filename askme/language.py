"""The language of a page, and the page to choose one. A cookie keeps it, also for the websocket."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.locale import LocaleMiddleware
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django.views.i18n import set_language

ADMIN = "/admin/"


class LanguageMiddleware(LocaleMiddleware):
    """Like Django's, but the admin is in English: otherwise only Django's half of it would be translated."""

    def process_request(self, request: HttpRequest) -> None:
        if request.path_info.startswith(ADMIN):
            translation.activate("en")
            request.LANGUAGE_CODE = "en"  # as Django's does
        else:
            super().process_request(request)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def language(request: HttpRequest) -> HttpResponse:
    """`next` is the page to go back to, if it is one of this site."""
    if request.method == "POST":
        return set_language(request)
    context = {"languages": settings.LANGUAGES, "next": request.GET.get("next", "")}
    return render(request, "language.html", context)
