"""Open sockets: frames in, events out, and the integration with ASGI servers."""
