"""A clock that a test moves, so that nothing depends on how quick the machine is."""

import time
from types import ModuleType

import pytest


class Clock:
    """These modules of ours take it for `time`. It stands still between two moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *modules: ModuleType) -> None:
        self.now = time.monotonic()
        for module in modules:
            monkeypatch.setattr(module, "time", self)

    def monotonic(self) -> float:
        return self.now
