"""Parses JSON, quickly where that is possible."""

import json
from typing import Any

import orjson


def parse(data: bytes) -> Any:
    """Raises ValueError or RecursionError.

    orjson refuses what `json` takes and servers send: halves of surrogate pairs, invalid UTF-8, NaN.
    """
    try:
        return orjson.loads(data)
    except ValueError:
        return json.loads(data.decode("utf-8", "replace"))


def parse_object(data: bytes) -> dict[str, Any] | None:
    """Return the object, or None if this is no whole one."""
    try:
        value = orjson.loads(data)
    except ValueError:
        try:
            value = parse(data)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None
