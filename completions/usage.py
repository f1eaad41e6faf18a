"""Reads what an answer has cost, in tokens and money, from the names that the APIs use."""

import math
from decimal import Decimal
from typing import Any

from completions.pieces import Usage


def read_usage(usage: Any) -> Usage | None:
    """Chat and legacy completions say "prompt" and "completion", Responses says "input" and "output"."""
    if not isinstance(usage, dict):
        return None
    return Usage(
        prompt_tokens=_count(usage, "prompt_tokens", "input_tokens"),
        completion_tokens=_count(usage, "completion_tokens", "output_tokens"),
        total_tokens=_count(usage, "total_tokens"),
        cached_tokens=_detail(usage, "cached_tokens", "prompt_tokens_details", "input_tokens_details")
        or _count(usage, "prompt_cache_hit_tokens", "cached_tokens"),  # DeepSeek, some others
        reasoning_tokens=_detail(
            usage, "reasoning_tokens", "completion_tokens_details", "output_tokens_details"
        )
        or _count(usage, "reasoning_tokens"),
        cost=_cost(usage.get("cost")),  # OpenRouter
    )


def _count(fields: Any, *names: str) -> int | None:
    values = (fields.get(name) for name in names) if isinstance(fields, dict) else ()
    return next((one for one in values if isinstance(one, int) and not isinstance(one, bool)), None)


def _detail(usage: dict[str, Any], name: str, *groups: str) -> int | None:
    counts = (_count(usage.get(group), name) for group in groups)
    return next((count for count in counts if count is not None), None)


def _cost(cost: Any) -> Decimal | None:
    if isinstance(cost, int | float) and not isinstance(cost, bool) and math.isfinite(cost) and cost >= 0:
        return Decimal(str(cost))
    return None
