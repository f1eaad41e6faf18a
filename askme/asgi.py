"""The ASGI application: pages to Django, `/ws/answers/` to the consumer."""

import io
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "askme.settings")
django.setup()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from channels.sessions import CookieMiddleware  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402
from django.core.management import CommandError, call_command  # noqa: E402

from answers.routing import websocket_urlpatterns  # noqa: E402
from askme.backpressure import BackpressureMiddleware, DownloadBackpressure  # noqa: E402
from askme.core import stay_on_one_core  # noqa: E402
from askme.shutdown import drain_before_shutdown  # noqa: E402

# Hundreds of reading threads that take the interpreter from each other every 5 ms, Python's default, get in
# each other's way. Measured at 500 answers: at 1 ms they lag by seconds, and at 20 ms a first text comes in
# half the time that it takes at 5.
sys.setswitchinterval(0.02)

try:
    # Daphne runs no system checks by itself: a setting that cannot work ends the start, with its hint.
    call_command("check", stdout=io.StringIO())  # without the line that says that all is well
except CommandError as error:
    raise SystemExit(str(error)) from None

drain_before_shutdown()
stay_on_one_core()

application = ProtocolTypeRouter(
    {
        "http": DownloadBackpressure(get_asgi_application()),
        # A page on another site could otherwise open a socket with the visitor's cookie.
        "websocket": BackpressureMiddleware(
            AllowedHostsOriginValidator(CookieMiddleware(URLRouter(websocket_urlpatterns)))
        ),
    }
)
