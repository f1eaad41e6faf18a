"""The start and the end of a process, under any server."""

import gc
import logging

from django.conf import settings

from answers.engine.runtime import close_runtime, current_runtime, start_runtime
from answers.formatting import load_languages
from answers.live.open_sockets import close_sockets

log = logging.getLogger("answers.process")


def start_process() -> None:
    """Called on the server's event loop, before it accepts connections."""
    start_runtime()
    load_languages()
    if settings.ASKME_GARBAGE_OBJECTS:
        # What is loaded by now stays, and most of what answers and pages create is still used when there are
        # Python's 700 new objects. To look through it that often costs 6 % with 500 answers (measured).
        gc.collect()
        gc.freeze()
        gc.set_threshold(settings.ASKME_GARBAGE_OBJECTS)
    log.info("the process runs answers: %d at once", settings.ASKME_THREADS)


async def end_process(drain_seconds: float) -> None:
    """Send pages to another process. Running answers get `drain_seconds` to finish."""
    current_runtime().draining = True
    log.info("the process shuts down")
    try:
        await close_sockets()
    finally:
        await close_runtime(drain_seconds)
        log.info("the process has ended its answers")
