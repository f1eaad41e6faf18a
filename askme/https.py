"""A site with HTTPS behind a proxy that does not say so."""

import logging
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

log = logging.getLogger("answers.https")

MISSING = """This site accepts requests only through a proxy with TLS that sets the header X-Forwarded-Proto.
This request has none. If you operate the site, let your proxy set it to the request's scheme, https or http.
"""


class ProxyHeaderMiddleware:
    """Explains what is missing. Django would redirect to HTTPS, through the same proxy, without an end."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        if not settings.SECURE_SSL_REDIRECT:
            raise MiddlewareNotUsed
        self.get_response = get_response
        self.is_logged = False

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.is_secure() or "X-Forwarded-Proto" in request.headers:
            return self.get_response(request)
        if not self.is_logged:
            self.is_logged = True
            log.error("a request has no header X-Forwarded-Proto, which the proxy must set for ASKME_HTTPS")
        return HttpResponse(MISSING, content_type="text/plain", status=400)
