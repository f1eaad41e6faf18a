"""Asks the API at start and once a day which models it has, and warns of those that are missing or end soon.

It runs in its own thread, so it delays neither the start nor an answer. The warnings go to the log, and to
Django's cache for the admin. If processes share a cache, only one of them asks within an hour.
"""

import hashlib
import logging
import threading
from contextlib import closing

from django.conf import settings
from django.core.cache import cache
from django.db import connections
from django.utils import timezone

from answers.engine.model_names import problems
from answers.engine.model_options import configured
from answers.engine.provider import Provider, host
from completions import ListedModel

log = logging.getLogger(__name__)

HOUR, DAY = 3_600, 86_400  # seconds

# Azure lists the models that can be deployed, but requests contain the name of a deployment.
UNLISTED_HOSTS = (".azure.com", ".azure.us")


class ModelCheck:
    def __init__(self) -> None:
        self._closing = threading.Event()
        threading.Thread(target=self._run, name="model check", daemon=True).start()

    def close(self) -> None:
        """Stop asking. Does not wait for a request that is under way, because it saves nothing."""
        self._closing.set()

    def _run(self) -> None:
        while not self._closing.wait(DAY if self._check() else HOUR):
            pass

    def _check(self) -> bool:
        """Returns False if the next check should be in an hour instead of a day."""
        try:
            # A little less than an hour, so that it has expired when this process tries again.
            if cache.add(_key("asked"), True, HOUR - 60):
                found = problems(_names(), _listed(), timezone.now().date(), _setting())
                cache.set(_key("warnings"), found, 2 * DAY)
                for sentence in found:
                    log.warning("%s", sentence)
        except Exception:  # no list or no cache; many servers have no list, so this is not a warning
            log.debug("the models could not be checked", exc_info=True)
            return False
        finally:
            connections.close_all()  # the cache may be in the database
        return True


def is_wanted() -> bool:
    return settings.ASKME_CHECK_MODELS and not settings.ASKME_DEMO and not host().endswith(UNLISTED_HOSTS)


def warnings() -> list[str]:
    """For operators: the warnings of the last check, in this process or in another one."""
    return cache.get(_key("warnings")) or [] if is_wanted() else []


def _listed() -> list[ListedModel]:
    """Takes at most ten seconds. Raises CompletionError."""
    with closing(Provider(connections=1)) as provider:
        return provider.client.models()


def _names() -> list[str]:
    return [one.name for one in configured()]


def _setting() -> str:
    return "ASKME_MODELS" if settings.ASKME_MODELS else "ASKME_MODEL"


def _key(name: str) -> str:
    """The key depends on the server and the models, so that nobody sees warnings about earlier settings."""
    subject = "\n".join([settings.OPENAI_BASE_URL, _setting(), *_names()])
    return f"answers-model-check-{name}-{hashlib.sha256(subject.encode()).hexdigest()[:16]}"
