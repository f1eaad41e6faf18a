"""How long each answer lets its text accumulate between two reads, by the number of running answers.

People do not notice it, and a thread that wakes up for three tokens costs a third per token.
"""

from itertools import pairwise

PACES = [(50, 0.0), (100, 0.06), (250, 0.06), (500, 0.15)]  # between two entries the pause grows linearly


def pace(running: int) -> float:
    """Seconds between two reads of an answer while this many are running."""
    for (few, short), (many, long) in pairwise(PACES):
        if running < many:
            return short + (long - short) * max(0, running - few) / (many - few)
    return long
