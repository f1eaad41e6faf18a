"""A site's ASGI application: requests go to Django, websockets to the consumer, lifespan to the engine."""

from collections.abc import Callable
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from channels.sessions import CookieMiddleware

from answers.live import daphne
from answers.live.backpressure import BackpressureMiddleware, DownloadBackpressure
from answers.live.body_limit import BodyLimit
from answers.live.lifespan import Lifespan
from answers.live.origin import OriginCheck
from answers.live.request_id import RequestId
from answers.live.routing import websocket_urlpatterns


def with_answers(http: Any, *, check: Callable[[], None] = lambda: None) -> Any:
    """Add `/ws/answers/` to an ASGI application, usually the one from `get_asgi_application()`.

    `check` is called before the process starts. It raises SystemExit if the process must not start.
    """
    if daphne.is_running_this():
        check()
        daphne.add_hooks()
    websocket = CookieMiddleware(URLRouter(websocket_urlpatterns))
    application = ProtocolTypeRouter(
        {
            "http": DownloadBackpressure(BodyLimit(http)),
            "websocket": BackpressureMiddleware(OriginCheck(websocket)),
        }
    )
    return Lifespan(RequestId(application), check)
