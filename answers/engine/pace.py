"""How long an answer's thread pauses between two reads, by the number of running answers.

People do not notice the pause. A thread that wakes up once for three tokens costs a third as much per token.
"""

from itertools import pairwise

PACES = [(50, 0.0), (100, 0.06), (250, 0.06), (500, 0.15)]  # between two entries the pause grows linearly


def pace(running: int) -> float:
    """Seconds between two reads of an answer while this many are running."""
    for (few, short), (many, long) in pairwise(PACES):
        if running < many:
            return short + (long - short) * max(0, running - few) / (many - few)
    return long
