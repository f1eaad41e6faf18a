"""How many files the process may open. Each socket is one, and many systems allow 1024 unless asked for more.

Once all are in use, the process can accept no page and reach no API, so answers fail one by one.
"""

import logging
from contextlib import suppress

from django.conf import settings

log = logging.getLogger(__name__)

PER_ANSWER = 3  # the page's socket, the connection to the API, and its duplicate (completions/wire.py)
OTHERS = 200  # the database, Redis, static files, requests in progress


def needed_files() -> int:
    """For all answers that may run at once, and a socket for each question that waits."""
    return settings.ASKME_THREADS * PER_ANSWER + settings.ASKME_QUEUE + OTHERS


def raise_file_limit() -> None:
    """Raise the soft limit to `ASKME_OPEN_FILES`, up to the hard limit. Logs if that is too low."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return
    wanted = settings.ASKME_OPEN_FILES
    if wanted and hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if wanted > soft:
        with suppress(ValueError, OSError):  # macOS has another limit, which it does not report here
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    if soft < (needed := needed_files()):
        log.warning(
            "this process may open %d files, but ASKME_THREADS=%d needs about %d with a full queue. Allow "
            "more (ulimit -n %d, or ulimits in docker-compose.yml), or lower ASKME_THREADS or ASKME_QUEUE.",
            soft,
            settings.ASKME_THREADS,
            needed,
            needed,
        )
