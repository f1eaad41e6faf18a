"""The page on which people choose a language. A cookie keeps it, for pages and for the websocket."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django.views.i18n import set_language


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def language(request: HttpRequest) -> HttpResponse:
    """`next` is the page to go back to, if it is one of this site."""
    if request.method == "POST":
        return set_language(request)
    context = {"languages": settings.LANGUAGES, "next": request.GET.get("next", "")}
    return render(request, "language.html", context)
