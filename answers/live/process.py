"""The start and the end of a process, under any server."""

from answers.engine.runtime import close_runtime, current_runtime, start_runtime
from answers.formatting import load_languages
from answers.live.open_sockets import close_sockets


def start_process() -> None:
    """Called on the server's event loop, before it accepts connections."""
    start_runtime()
    load_languages()


async def end_process(drain_seconds: float) -> None:
    """Send pages to another process. Running answers get `drain_seconds` to finish."""
    current_runtime().draining = True
    try:
        await close_sockets()
    finally:
        await close_runtime(drain_seconds)
