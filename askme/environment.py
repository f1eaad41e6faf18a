"""Reads settings from the environment or from files, and records errors for the system checks.

A variable that cannot be read must not end the process with a traceback at import. The error is recorded
here, the default is used, and `askme.checks` tells the operator what to change.
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
            # Compose passes `NAME=` if a variable is not set; files end with a newline.
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

    def labelled(self, var: str) -> dict[str, str]:
        """Labels by value, in order, from `Label=value, value`. A value without a label is its own label."""
        found: dict[str, str] = {}
        text = self.str(var, "")
        for part in text.split(",") if text else []:
            label, equals, value = (word.strip() for word in part.partition("="))
            value = value if equals else label
            if not label or not value:
                return self._bad_list(var, "one of its parts is empty")
            if value in found or label in found.values():
                return self._bad_list(var, f"{part.strip()[:40]!r} repeats a name")
            found[value] = label
        return found

    def _bad_list(self, var: str, why: str) -> dict[str, str]:
        self.problems[var] = f"{var} is not a list such as “Fast=gpt-4.1-mini, Thorough=gpt-4.1”: {why}."
        return {}
