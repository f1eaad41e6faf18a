"""Prometheus's metrics of one value, of one for each model, and of a histogram. See `metrics`."""

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from answers.engine.counts import ModelCounts
from answers.engine.histogram import Histogram

MODEL = "model_name"


def gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def time(name: str, text: str, value: float | None) -> Iterator[Metric]:
    """Nothing while it is not known."""
    if value is not None:
        yield gauge(name, text, value)


def counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(name, text, value=value)


def by_model(
    name: str, text: str, models: dict[str, ModelCounts], value_of: Callable[[ModelCounts], float]
) -> Metric:
    family = CounterMetricFamily(f"askme_{name}", text, labels=[MODEL])
    for model, counts in models.items():
        family.add_metric([model], value_of(counts))
    return family


def histograms(
    name: str, text: str, models: dict[str, ModelCounts], of: Callable[[ModelCounts], Histogram]
) -> Metric:
    family = HistogramMetricFamily(f"askme_{name}", text, labels=[MODEL])
    for model, counts in models.items():
        family.add_metric([model], *_buckets(of(counts)))
    return family


def histogram(name: str, text: str, histogram: Histogram) -> Metric:
    buckets, total = _buckets(histogram)
    return HistogramMetricFamily(name, text, buckets=buckets, sum_value=total)


def _buckets(histogram: Histogram) -> tuple[list[tuple[str, float]], float]:
    """Prometheus's buckets include the smaller ones."""
    total, buckets = 0, []
    for bound, number in zip((*histogram.bounds, float("inf")), histogram.numbers, strict=True):
        total += number
        buckets.append(("+Inf" if bound == float("inf") else str(bound), float(total)))
    return buckets, histogram.sum
