"""The start and the end of a process, under any server."""

import gc
import logging

from django.conf import settings

from answers.engine.runtime import close_runtime, current_runtime, start_runtime
from answers.formatting import load_languages
from answers.live.open_sockets import close_sockets

log = logging.getLogger("answers.process")

GARBAGE_OBJECTS = 10_000  # new ones before Python looks for cycles among them


def start_process() -> None:
    """Called on the server's event loop, before it accepts connections."""
    start_runtime()
    load_languages()
    # What has been imported stays, and most of what answers and pages create is no garbage yet when Python's
    # default of 700 new objects is reached. To look through all of it so often costs 6 % with 500 answers.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS)
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
