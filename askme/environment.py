"""The environment as settings read it: values from files too, and mistakes kept for the system checks.

A variable that cannot be read must not end the process in a traceback at import: it is noted here, its
default stands in, and `answers.checks` tells the operator what to write.
"""

from typing import Any

import environ

KINDS = {int: "whole number", float: "number"}


class Environment(environ.FileAwareEnv):  # type: ignore[misc]
    """`NAME`, or the content of the file that `NAME_FILE` names; empty means not set."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.problems: dict[str, str] = {}

    def get_value(self, var: str, cast: Any = None, default: Any = None, parse_default: bool = False) -> Any:
        self.names.add(var)
        try:
            # Compose hands over `NAME=` for whatever is not set; files end with a newline.
            text = str(self.ENVIRON.get(var, "")).strip()
        except OSError as error:
            self.problems[var] = f"{var}_FILE names a file that cannot be read: {error.strerror}."
            return default
        if not text:
            return default
        if cast in (None, str):
            return text
        try:
            return super().get_value(var, cast, default, parse_default)
        except (ValueError, TypeError):
            self.problems[var] = f"{var} is not a {KINDS.get(cast, 'value')}: {text[:40]!r}."
            return default
