"""Reads settings from the environment or from files, and records problems for the system checks.

A variable that cannot be read must not end the process with a traceback at import. The problem is recorded
here, the default is used, and `askme.checks` tells the operator what to write. What values a setting takes is
part of the line that reads it, so no setting is without a range.
"""

import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeAlias, TypeVar

import environ

from askme import values
from askme.values import BadValue

T = TypeVar("T")
D = TypeVar("D")
# Environment has methods with the names of these types.
_str: TypeAlias = str
_int: TypeAlias = int
_float: TypeAlias = float
_bool: TypeAlias = bool


class Problem(NamedTuple):
    message: str
    hint: str


class Environment:
    """`NAME`, or the content of the file that `NAME_FILE` names; empty means not set."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.problems: dict[str, Problem] = {}

    def read_file(self, path: Path) -> None:
        """Read a file of `NAME=value` lines. What is in the environment already takes precedence."""
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            problem = f" names a file that cannot be read: {error}"
            self._record("ENV_FILE", BadValue(problem, "Set it to the path of a text file."))
            return
        for number, line in enumerate(lines, 1):
            # django-environ would silently ignore such a line.
            if line.strip() and not re.match(r"#|(export )?\w+=", line):
                problem = f" is {path}, whose line {number} is not a setting"
                self._record(
                    "ENV_FILE", BadValue(problem, "Write NAME=value, without spaces around the name.")
                )
        environ.Env.read_env(path)

    def str(self, name: _str, default: _str) -> _str:
        """Any text. For a name or a sentence; everything else has a method that says what it takes."""
        return self.parsed(name, default, lambda text: text)

    def int(self, name: _str, default: _int, *, least: _int, most: _int) -> _int:
        return self.parsed(name, default, partial(values.whole_number, least=least, most=most))

    def float(self, name: _str, default: D, *, least: _float, most: _float) -> _float | D:
        return self.parsed(name, default, partial(values.number, least=least, most=most))

    def bool(self, name: _str, default: _bool) -> _bool:
        return self.parsed(name, default, values.boolean)

    def choice(self, name: _str, default: _str, *choices: _str) -> _str:
        return self.parsed(name, default, partial(values.choice, choices=choices))

    def parsed(self, name: _str, default: D, parse: Callable[[_str], T]) -> T | D:
        """`parse` raises BadValue, which says what to write."""
        self.names.add(name)
        try:
            text = _text(name)
            return parse(text) if text else default
        except BadValue as bad:
            self._record(name, bad)
            return default

    def _record(self, name: _str, bad: BadValue) -> None:
        self.problems[name] = Problem(f"{name}{bad.problem}.", bad.hint)


def _text(name: str) -> str:
    """Compose passes `NAME=` if a variable is not set; files end with a newline."""
    file = os.environ.get(f"{name}_FILE")
    if not file:
        text = os.environ.get(name, "").strip()
    else:
        again = "Write the value into the file, or set the path of another file."
        try:
            text = Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise BadValue(f"_FILE names a file that cannot be read: {error.strerror}", again) from None
        except UnicodeDecodeError:
            raise BadValue("_FILE names a file that is not UTF-8 text", again) from None
        if not text:  # perhaps a secret that was not written; the site must not use the default instead
            raise BadValue("_FILE names an empty file", again)
    if re.search("[\0\ud800-\udfff]", text):
        raise BadValue(" is not text", "Write it in UTF-8, without NUL.")
    return text
