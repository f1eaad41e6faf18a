"""What one process holds: its worker, its database thread, and what other layers keep per process.

There is one runtime per event loop, and a server has one loop. `start_runtime` creates it when the server
starts. Otherwise (in a management command, or under a server without lifespan) it is created at first use,
and runs only the questions that are asked in its process.
"""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from functools import cached_property, partial, wraps
from typing import Any, ParamSpec, TypeVar
from uuid import uuid4
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import OperationalError

from answers.engine.core import Core, keep_to_one_core
from answers.engine.database_thread import DatabaseThread
from answers.engine.model_check import ModelCheck, is_wanted
from answers.engine.open_files import raise_file_limit
from answers.engine.pruner import Pruner
from answers.engine.turns import Turns
from answers.engine.worker import Worker

P = ParamSpec("P")
T = TypeVar("T")

PRUNER_SECONDS = 2.0  # for the end of its transaction

_runtimes: WeakKeyDictionary[asyncio.AbstractEventLoop, "Runtime"] = WeakKeyDictionary()


class Runtime:
    def __init__(self) -> None:
        self.process = uuid4()  # identifies this process in the database
        self.draining = False  # the process ends, and nobody should be sent to it
        self.is_closed = False  # its answers have ended; what a slow response keeps alive must not begin anew
        self.database = DatabaseThread()
        self.turns = Turns(self.database)
        self.core: Core | None = None
        self.pruner: Pruner | None = None
        self.model_check: ModelCheck | None = None
        self._parts: dict[type, Any] = {}

    @cached_property
    def worker(self) -> Worker:
        """Starts the saver's thread, which renews this process's lease."""
        return Worker(self.process, self.database)

    def part(self, kind: type[T]) -> T:
        """What another layer keeps per process: one object of this class, created at first use.

        If it has a coroutine function `close`, that is called when the process ends.
        """
        if kind not in self._parts:
            self._parts[kind] = kind()
        part: T = self._parts[kind]
        return part

    async def close(self, drain_seconds: float) -> None:
        if "worker" in self.__dict__:
            await self.worker.close(drain_seconds)
        if self.model_check is not None:
            self.model_check.close()
        if self.pruner is not None:
            await asyncio.get_running_loop().run_in_executor(None, self.pruner.close, PRUNER_SECONDS)
        for part in self._parts.values():
            if hasattr(part, "close"):
                await part.close()
        self.database.close()
        if self.core is not None:
            self.core.close()


def current_runtime() -> Runtime:
    """The runtime of the running event loop. Raises OperationalError once it is closed."""
    loop = asyncio.get_running_loop()
    if loop not in _runtimes:
        _runtimes[loop] = Runtime()
    if _runtimes[loop].is_closed:
        raise OperationalError("this process is shutting down")
    return _runtimes[loop]


def existing_runtime() -> Runtime | None:
    """The same, if there is one that is open. Unlike `current_runtime`, starts nothing."""
    runtime = _runtimes.get(asyncio.get_running_loop())
    return None if runtime is None or runtime.is_closed else runtime


def started_runtime() -> Runtime | None:
    """The same, if it has a worker."""
    runtime = existing_runtime()
    return runtime if runtime is not None and "worker" in runtime.__dict__ else None


def start_runtime() -> Runtime:
    """Called when a server starts. Creates the worker too: dead processes may have left answers to end."""
    runtime = current_runtime()
    if settings.ASKME_SWITCH_SECONDS:
        # Python's default is to switch threads every 5 ms, with which hundreds of reading threads slow each
        # other down. Measured with 500 answers: at 1 ms they lag by seconds, and at 20 ms the first text
        # arrives in half the time that it takes at 5.
        sys.setswitchinterval(settings.ASKME_SWITCH_SECONDS)
    raise_file_limit()
    if settings.ASKME_ONE_CORE:
        runtime.core = keep_to_one_core()
    runtime.worker.serve()
    runtime.pruner = Pruner()
    if is_wanted():
        runtime.model_check = ModelCheck()
    return runtime


async def close_runtime(drain_seconds: float = 0) -> None:
    """Close the running loop's runtime, if there is one. Running answers get `drain_seconds` to finish."""
    runtime = existing_runtime()
    if runtime is not None:
        await runtime.close(drain_seconds)
        runtime.is_closed = True


def run_in_database_thread(function: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Make a coroutine function of one that uses the ORM. It raises DatabaseError within seconds."""

    @wraps(function)
    async def run(*args: P.args, **kwargs: P.kwargs) -> T:
        return await current_runtime().database.run(partial(function, *args, **kwargs))

    return run
