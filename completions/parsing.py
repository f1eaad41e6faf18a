"""Parses JSON, with orjson where that is possible."""

import json
from typing import Any

import orjson


def parse(data: bytes) -> Any:
    """Raises ValueError or RecursionError.

    Servers send JSON that only `json` accepts: with halves of surrogate pairs, invalid UTF-8 or NaN.
    """
    try:
        return orjson.loads(data)
    except ValueError:
        return json.loads(data.decode("utf-8", "replace"))


def parse_object(data: bytes) -> dict[str, Any] | None:
    """Return the object, or None if this is not a complete object."""
    try:
        value = orjson.loads(data)
    except ValueError:
        try:
            value = parse(data)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None
