"""Times to the first text, counted in buckets: unlike percentiles, these add up over days and models.

Bucket n holds the times from `LEAST * STEP**n` up to the next one. A percentile that is read from them is
within 5 % of the exact one.
"""

import math
from collections.abc import Mapping

LEAST = 0.01  # seconds; shorter ones are in bucket 0
STEP = 1.1
MOST = 150  # the last bucket: over four hours


def bucket(seconds: float) -> str:
    """The bucket of a time, as a key of `DailyUsage.first_text`."""
    return str(min(MOST, max(0, math.floor(math.log(seconds / LEAST, STEP))))) if seconds > LEAST else "0"


def percentile(counts: Mapping[str, int], share: float) -> float | None:
    """The time in seconds below which this share of the answers had their first text. None without any."""
    total = sum(counts.values())
    if not total:
        return None
    rank, seen = share * total, 0
    for key in sorted(counts, key=int):
        seen += counts[key]
        if seen >= rank:
            break
    return float(LEAST * STEP ** (int(key) + 0.5))
