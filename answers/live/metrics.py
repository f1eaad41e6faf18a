"""The metrics of this process, for Prometheus. They are read from the engine's state when somebody asks.

Only a site that serves them needs the package prometheus_client: in `answers`, only this module and
`families` import it. Metrics that vLLM also reports have vLLM's name after the prefix, and its label
`model_name`, so that one plot can show both. No label names a person, and all have few values.
"""

from collections.abc import Iterator

from django.conf import settings
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from answers.engine.counts import ModelCounts
from answers.engine.queue_length import Waiting
from answers.engine.redis_layer import RedisLayer
from answers.engine.runtime import Runtime
from answers.engine.worker import Worker
from answers.live.families import MODEL, by_model, counter, gauge, histogram, histograms, time
from answers.live.open_sockets import OpenSockets


async def waiting_questions(runtime: Runtime) -> Waiting | None:
    """The site's queue, of which every process reports the same. None if the database is away."""
    worker = runtime.worker
    if worker.saver.is_failing or worker.lease.draining:  # the others report it too
        return None
    return await worker.queue_length.read()


class AnswersCollector(Collector):
    """Use it on the event loop, with what `waiting_questions` has returned."""

    def __init__(self, runtime: Runtime, waiting: Waiting | None) -> None:
        self._runtime, self._waiting = runtime, waiting

    def collect(self) -> Iterator[Metric]:
        worker = self._runtime.worker
        yield from _running(worker)
        yield from _queue(worker, self._waiting)
        yield from _ended(worker.counts.models)
        yield from _api(worker.counts.models)
        yield from _delivery(worker, self._runtime.part(OpenSockets))
        yield from _saving(worker)
        yield from _process(self._runtime)


def _running(worker: Worker) -> Iterator[Metric]:
    numbers = dict.fromkeys(worker.counts.models, 0)
    for answer in worker.answers.values():
        if not answer.ended:
            numbers[worker.counts.label_of(answer.option.key)] += 1
    running = GaugeMetricFamily(
        "askme_num_requests_running", "Answers that run in this process.", labels=[MODEL]
    )
    for model, number in numbers.items():
        running.add_metric([model], number)
    yield running
    yield gauge(
        "askme_answer_threads", "Answers that may run in this process at once.", settings.ASKME_THREADS
    )
    yield gauge("askme_answer_threads_busy", "Threads of this process that run an answer.", worker.busy)
    yield gauge(
        "askme_read_pause_seconds",
        "The pause between two reads of an answer, which grows with the load.",
        worker.pace.seconds,
    )


def _queue(worker: Worker, waiting: Waiting | None) -> Iterator[Metric]:
    if waiting is not None:
        text = "Questions of the whole site that wait. Each process reports the same number."
        yield gauge("askme_num_requests_waiting", text, waiting.number)
        text = "For how long the first of the site's waiting questions has waited."
        yield gauge("askme_oldest_waiting_seconds", text, waiting.oldest_seconds)
    counts = worker.counts
    yield counter("askme_questions", "Questions that were accepted in this process.", counts.accepted)
    refused = CounterMetricFamily("askme_questions_refused", "Questions that were refused.", labels=["code"])
    for code, number in counts.refused.items():
        refused.add_metric([code], number)
    yield refused


def _ended(models: dict[str, ModelCounts]) -> Iterator[Metric]:
    finished = CounterMetricFamily(
        "askme_request_success",
        "Answers that ended without an error, by reason; abort: somebody stopped it.",
        labels=[MODEL, "finished_reason"],
    )
    failed = CounterMetricFamily(
        "askme_request_failure", "Answers that failed or were interrupted.", labels=[MODEL, "error_code"]
    )
    for model, counts in models.items():
        for reason, number in counts.finished.items():
            finished.add_metric([model, reason], number)
        for code, number in counts.failed.items():
            failed.add_metric([model, code], number)
    yield from (finished, failed)
    yield from (
        by_model("prompt_tokens", "Tokens of prompts.", models, lambda one: one.prompt_tokens),
        by_model(
            "generation_tokens",
            "Tokens of answers, reasoning included.",
            models,
            lambda one: one.completion_tokens,
        ),
        _cost(models),
        histograms(
            "time_to_first_token_seconds",
            "From a question to the first text.",
            models,
            lambda one: one.first_text_seconds,
        ),
        histograms(
            "request_queue_time_seconds", "How long questions waited.", models, lambda one: one.queue_seconds
        ),
        histograms(
            "e2e_request_latency_seconds", "From a question to its end.", models, lambda one: one.seconds
        ),
        histograms(
            "request_time_per_output_token_seconds",
            "The mean time of an answer's tokens after the first.",
            models,
            lambda one: one.token_seconds,
        ),
    )


def _cost(models: dict[str, ModelCounts]) -> Metric:
    text = "What answers cost, in ASKME_CURRENCY."
    cost = CounterMetricFamily("askme_cost", text, labels=[MODEL, "currency"])
    for model, counts in models.items():
        cost.add_metric([model, settings.ASKME_CURRENCY], float(counts.cost))
    return cost


def _api(models: dict[str, ModelCounts]) -> Iterator[Metric]:
    yield by_model("api_requests", "HTTP requests to the API.", models, lambda one: one.requests)
    text = "Those that followed a refused or failed one of the same answer."
    yield by_model("api_retries", text, models, lambda one: one.retries)
    yield by_model("api_connects", "Connections to the API.", models, lambda one: one.connects)


def _delivery(worker: Worker, sockets: OpenSockets) -> Iterator[Metric]:
    relay, layer = worker.relay, worker.relay.layer
    yield gauge("askme_websockets", "Open websockets.", len(sockets.consumers))
    followers = sum(len(consumer.following) for consumer in sockets.consumers)
    yield gauge("askme_followers", "Answers that open websockets follow.", followers)
    yield counter("askme_batches", "Batches of text or reasoning that were sent to followers.", relay.batches)
    text = "The rounds in which batches are sent: text waits for at most one."
    yield histogram("askme_relay_round_seconds", text, relay.round_seconds)
    text = "How late the event loop was, measured twice a second."
    yield histogram("askme_event_loop_lag_seconds", text, worker.lease.lag.seconds)
    if isinstance(layer, RedisLayer):
        yield gauge("askme_redis_up", "Whether the process could last use Redis.", not layer.is_away)


def _saving(worker: Worker) -> Iterator[Metric]:
    saver = worker.saver
    text = "Answers with text, or an end, that is not in the database."
    yield gauge("askme_unsaved_answers", text, sum(one.is_unsaved for one in worker.answers.values()))
    text = "Answers whose end is not in the database."
    yield gauge("askme_unsaved_ends", text, sum(one.ended for one in worker.answers.values()))
    yield histogram("askme_save_seconds", "The rounds in which answers are saved.", saver.seconds)
    errors = CounterMetricFamily(
        "askme_save_errors", "What kept answers from being saved.", labels=["reason"]
    )
    for reason, number in saver.errors.items():
        errors.add_metric([reason], number)
    yield errors
    yield from time(
        "askme_last_save_timestamp_seconds", "The last round that succeeded, or the start.", saver.saved_at
    )


def _process(runtime: Runtime) -> Iterator[Metric]:
    lease = runtime.worker.lease
    text = "The last heartbeat of this process in the database."
    yield from time("askme_lease_renewed_timestamp_seconds", text, lease.renewed_at)
    yield gauge("askme_draining", "Whether the process shuts down.", lease.draining)
    pruned_at = runtime.pruner.pruned_at if runtime.pruner is not None else None
    text = "When the site last deleted what is out of date; 0: never. Each process reports the same."
    yield from time("askme_last_prune_timestamp_seconds", text, pruned_at)
