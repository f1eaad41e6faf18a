"""Counts values by size, in the way that Prometheus's histograms do, but without its package."""

from bisect import bisect_left

# Bounds for delays that people notice.
DELAY_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Histogram:
    """One thread observes. Others may read, and may miss the latest value in one of the two fields."""

    def __init__(self, *bounds: float) -> None:
        self.bounds = bounds
        # Of values up to each bound, without those before it. The last: above all bounds.
        self.numbers = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        self.numbers[bisect_left(self.bounds, value)] += 1
        self.sum += value
