"""Metrics of a worker."""

from collections import Counter as Counts
from collections.abc import Iterable, Sequence
from typing import Literal, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Info
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

from darkroom_inference.lifecycle.histogram import BatchHistogram

Step = Literal["decode", "preprocess", "inference", "publish"]
Outcome = Literal["analyzed", "failed", "skipped"]
RetryCause = Literal["publish", "offsets", "transaction", "inference", "clients", "loop"]

_STEP_SECONDS = (
    0.0001,
    0.00025,
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1,
    2.5,
    5,
    10,
    30,
    60,
)
_END_TO_END_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 86_400)


class NamedError(Protocol):
    """An error of the Kafka client."""

    def name(self) -> str:
        """The error's name, such as `TOPIC_AUTHORIZATION_FAILED`."""


class Metrics:
    """The metrics of one process, in a separate registry."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._images = Counter(
            "darkroom_worker_images", "Images finished, by outcome.", ["outcome", "reason"], registry=self.registry
        )
        self._busy_seconds = Counter(
            "darkroom_worker_busy_seconds",
            "Seconds in which loops had images to work on, of all loops together.",
            registry=self.registry,
        )
        self._step_seconds = BatchHistogram(
            "darkroom_worker_step_seconds",
            "Seconds per step: decode, preprocess and inference of an image, publish of a batch.",
            labels=["step"],
            buckets=_STEP_SECONDS,
            registry=self.registry,
        )
        self._end_to_end_seconds = BatchHistogram(
            "darkroom_worker_end_to_end_seconds",
            "Seconds from the image's timestamp to the acknowledgement of its result.",
            buckets=_END_TO_END_SECONDS,
            registry=self.registry,
        )
        self._batch_images = BatchHistogram(
            "darkroom_worker_batch_images",
            "Images per batch.",
            buckets=(1, 2, 4, 8, 16, 32, 64),
            registry=self.registry,
        )
        self._run_images = BatchHistogram(
            "darkroom_worker_run_images",
            "Images per run of the model.",
            buckets=(1, 2, 4, 8, 16, 32, 64),
            registry=self.registry,
        )
        self._rebalances = Counter(
            "darkroom_worker_rebalances",
            "Changes of the partition assignment, by kind.",
            ["change"],
            registry=self.registry,
        )
        self._retries = Counter("darkroom_worker_retries", "Retries, by cause.", ["cause"], registry=self.registry)
        self._kafka_errors = Counter(
            "darkroom_worker_kafka_errors", "Kafka errors, by name.", ["error"], registry=self.registry
        )
        self._attempts = Counter(
            "darkroom_worker_attempts",
            "Attempts at images that are analysed alone because their batch crashed a process or failed.",
            registry=self.registry,
        )
        self._partitions = Gauge(
            "darkroom_worker_partitions", "Partitions assigned, by loop.", ["loop"], registry=self.registry
        )
        self._brokers = Gauge(
            "darkroom_worker_brokers_connected",
            "Brokers that a loop's consumer is connected to; 0 while Kafka is unreachable.",
            ["loop"],
            registry=self.registry,
        )
        self._self_tests = Gauge(
            "darkroom_worker_self_tests_passed",
            "Self-tests that the process passed before it took images.",
            registry=self.registry,
        )
        self._self_test_seconds = Gauge(
            "darkroom_worker_self_test_seconds", "Seconds that these self-tests took.", registry=self.registry
        )
        self._stage = Info("darkroom_worker", "The stage that the worker runs.", registry=self.registry)
        self._execution = Info(
            "darkroom_worker_execution",
            "Execution provider and precision of the model, and the provider that the stage asks for. `fallback` is "
            "true if the worker lacks something that the stage or its image asks for.",
            ["provider", "precision", "requested", "fallback"],
            registry=self.registry,
        )
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        for outcome in ("analyzed", "skipped"):
            self._images.labels(outcome, "")

    def stage(self, **labels: str) -> None:
        """Set the labels that identify the stage."""
        self._stage.info(labels)

    def self_tests(self, seconds: Sequence[float]) -> None:
        """Set the number of self-tests that were passed, and the time that they took."""
        self._self_tests.set(len(seconds))
        self._self_test_seconds.set(sum(seconds))

    def execution(self, *, provider: str, precision: str, requested: str, fallback: bool) -> None:
        """Set how the model runs."""
        self._execution.labels(provider, precision, requested, str(fallback).lower()).info({})

    def image(self, outcome: Outcome, reason: str = "", images: int = 1) -> None:
        """Count finished images: their results or dead letters are acknowledged, or they were skipped."""
        self._images.labels(outcome, reason).inc(images)

    def outcomes(self) -> Counts[str]:
        """Images finished so far, by outcome."""
        found: Counts[str] = Counts()
        for family in self._images.collect():
            for sample in family.samples:
                if sample.name.endswith("_total"):
                    found[sample.labels["outcome"]] += int(sample.value)
        return found

    def busy(self, seconds: float) -> None:
        """Count the time that a loop worked on a batch."""
        self._busy_seconds.inc(seconds)

    def step(self, step: Step, seconds: Iterable[float]) -> None:
        """Record how long a step took for each image, or for each batch."""
        self._step_seconds.observe(seconds, step)

    def end_to_end(self, seconds: Iterable[float]) -> None:
        """Record the times from images' timestamps to their results; never negative, even if clocks differ."""
        self._end_to_end_seconds.observe(max(0.0, took) for took in seconds)

    def batch(self, images: int) -> None:
        """Record the size of a batch."""
        self._batch_images.observe([images])

    def runs(self, images: Iterable[int]) -> None:
        """Record how many images runs of the model had."""
        self._run_images.observe(images)

    def rebalance(self, change: Literal["assigned", "revoked", "lost"]) -> None:
        """Count a change of the partition assignment."""
        self._rebalances.labels(change).inc()

    def partitions(self, loop: int, count: int) -> None:
        """Set how many partitions a loop has."""
        self._partitions.labels(str(loop)).set(count)

    def brokers(self, loop: int, connected: int) -> None:
        """Set how many brokers a loop's consumer is connected to."""
        self._brokers.labels(str(loop)).set(connected)

    def retry(self, cause: RetryCause) -> None:
        """Count a retry."""
        self._retries.labels(cause).inc()

    def kafka_error(self, error: NamedError) -> None:
        """Count a Kafka error."""
        self._kafka_errors.labels(error.name()).inc()

    def attempt(self) -> None:
        """Count an attempt at an image that is analysed alone."""
        self._attempts.inc()
