"""Reads what an answer cost, in tokens and money. The APIs use different names."""

from decimal import Decimal
from typing import Any

from completions.pieces import Usage

MAX_COST = 1e9  # of one answer; a larger number is a mistake, and Python cannot even print the largest


def read_usage(usage: Any) -> Usage | None:
    """Chat and legacy completions say "prompt" and "completion", Responses says "input" and "output"."""
    if not isinstance(usage, dict):
        return None
    return Usage(
        prompt_tokens=_count(usage, "prompt_tokens", "input_tokens"),
        completion_tokens=_count(usage, "completion_tokens", "output_tokens"),
        total_tokens=_count(usage, "total_tokens"),
        cached_tokens=_count(_details(usage, "prompt", "input"), "cached_tokens", "prompt_cache_hit_tokens"),
        reasoning_tokens=_count(_details(usage, "completion", "output"), "reasoning_tokens"),
        cost=_cost(usage.get("cost")),  # OpenRouter
    )


def _count(fields: dict[str, Any], *names: str) -> int | None:
    values = (fields.get(name) for name in names)
    return next((one for one in values if isinstance(one, int) and not isinstance(one, bool)), None)


def _details(usage: dict[str, Any], *sides: str) -> dict[str, Any]:
    """The details of a token count. Some servers put them beside the counts themselves (DeepSeek)."""
    groups = (usage.get(f"{side}_tokens_details") for side in sides)
    return next((group for group in groups if isinstance(group, dict)), usage)


def _cost(cost: Any) -> Decimal | None:
    if isinstance(cost, int | float) and not isinstance(cost, bool) and 0 <= cost < MAX_COST:  # NaN is not
        return Decimal(str(cost))
    return None
