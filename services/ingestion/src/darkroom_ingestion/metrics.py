"""The metrics of the service."""

from collections import Counter as Counted
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge

from darkroom_ingestion.tallies import Counters, Durations, Histograms, Tally

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The service's metrics, in a separate registry."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        r = self.registry
        self._requests = Counters("darkroom_http_requests", "Requests answered.", ["method", "route", "status"], r)
        self._request_seconds = Histograms(
            "darkroom_http_request_seconds", "Time until the response was complete.", ["route"], _SECONDS, r
        )
        self._images = Counters("darkroom_images_accepted", "Images that Kafka acknowledged.", ["pipeline"], r)
        self._image_bytes = Counters("darkroom_image_bytes", "Bytes of accepted images.", ["pipeline"], r)
        self.refused = Counter("darkroom_images_refused", "Images refused.", ["pipeline", "reason"], registry=r)
        self.ack_seconds = Histograms(
            "darkroom_ack_seconds", "From publishing an image to Kafka's ack.", [], _SECONDS, r
        ).of()
        self.producer_queue = Gauge("darkroom_producer_queue", "Images waiting for Kafka's ack.", registry=r)
        self.body_bytes = Gauge("darkroom_body_bytes", "Bytes of bodies held in memory.", registry=r)
        self.store_records = Counter("darkroom_store_records", "Records read into the store.", ["kind"], registry=r)
        self.store_passed = Counter(
            "darkroom_store_passed",
            "Images stored as they were accepted, not read from Kafka.",
            registry=r,
        )
        self.store_duplicates = Counter(
            "darkroom_store_duplicates", "Records dropped because the store had them.", registry=r
        )
        self.store_skipped = Counter(
            "darkroom_store_skipped", "Records that are not events of Darkroom.", ["kind"], registry=r
        )
        self.store_failures = Counter("darkroom_store_failures", "Writes to the store that failed.", registry=r)
        self.store_writable = Gauge("darkroom_store_writable", "1 while the store can be written.", registry=r)
        self.store_lag = Gauge("darkroom_store_lag", "Records that the store has yet to read.", registry=r)
        self.loop_failures = Counter(
            "darkroom_loop_failures", "Errors after which a background loop was restarted.", ["loop"], registry=r
        )
        self.sse_clients = Gauge("darkroom_sse_clients", "Clients of the live feed.", registry=r)
        self.sse_dropped = Counter("darkroom_sse_dropped", "Clients that were too slow.", registry=r)
        self.feed_events = Counter("darkroom_feed_events", "Events seen by the live feed.", ["name"], registry=r)
        self.redriven = Counter("darkroom_replayed", "Dead letters redriven.", ["pipeline"], registry=r)
        self.idempotent_repeats = Counter(
            "darkroom_idempotent_repeats", "Requests answered from their idempotency key.", registry=r
        )
        self.limit_refusals = Counter(
            "darkroom_caller_limit_refusals", "Requests beyond a limit of their caller.", ["limit"], registry=r
        )
        self.callers = Gauge("darkroom_limited_callers", "Callers whose use of the service is counted.", registry=r)
        self.audit_lines = Counter("darkroom_audit_lines", "Lines written to the audit log.", registry=r)
        self.audit_dropped = Counter(
            "darkroom_audit_dropped", "Events missing in the audit log, because it could not be written.", registry=r
        )
        self.audit_suppressed = Counter(
            "darkroom_audit_suppressed", "Refusals of a caller beyond those that the audit log has of it.", registry=r
        )
        self._tls_expires = Gauge(
            "darkroom_tls_certificate_expiration_timestamp_seconds",
            "When the TLS certificate in use expires.",
            ["file"],
            registry=r,
        )
        self.tls_reload_failures = Counter(
            "darkroom_tls_reload_failures", "Changed TLS certificates that are invalid.", registry=r
        )
        self._access_decisions = Counters(
            "darkroom_ingestion_access_decisions",
            "Decisions on requests: Allowed, Forbidden, Unauthenticated, Limited (too many refused credentials), or "
            "Unavailable if none could be made.",
            ["decision", "right"],
            r,
        )
        self._access_reviews = Histograms(
            "darkroom_ingestion_access_review_seconds",
            "Time for the API server to review a credential or a right, with retries.",
            ["review"],
            _SECONDS,
            r,
        )
        self._of_store = {
            "records": self.store_records,
            "passed": self.store_passed,
            "duplicates": self.store_duplicates,
            "skipped": self.store_skipped,
            "failures": self.store_failures,
            "loop_failures": self.loop_failures,
        }
        self._of_pipeline: dict[str, tuple[Tally, Tally]] = {}
        self._of_request: dict[tuple[str, str | None, int], tuple[Tally, Durations]] = {}
        self._pipelines = Gauge(
            "darkroom_pipelines",
            "Pipelines of the catalog: Served, or why they are not.",
            ["state"],
            registry=r,
        )

    def counters_of_the_store(self) -> dict[tuple[str, tuple[str, ...]], float]:
        """The counters of the process that fills the store: values by name and labels."""
        return {
            (name, tuple(sample.labels.values())): sample.value
            for name, counter in self._of_store.items()
            for family in counter.collect()
            for sample in family.samples
            if sample.name.endswith("_total") and sample.value
        }

    def count_of_the_store(self, sample: tuple[str, tuple[str, ...]], amount: float) -> None:
        """Count what the process that fills the store has counted."""
        counter, labels = self._of_store[sample[0]], sample[1]
        (counter.labels(*labels) if labels else counter).inc(amount)

    def catalog_holds(self, served: int, unserved_because: Iterable[str]) -> None:
        """Set how many pipelines are served, and how many are not, by cause."""
        self._pipelines.clear()
        for state, count in {"Served": served, **Counted(unserved_because)}.items():
            self._pipelines.labels(state).set(count)

    def tls_certificate_expires(self, file: str, at_s: float) -> None:
        """Set when the TLS certificate in use expires, in seconds since 1970."""
        self._tls_expires.labels(file).set(at_s)

    def image_was_accepted(self, pipeline: str, size: int) -> None:
        """Count an image of `size` bytes that Kafka acknowledged."""
        if pipeline not in self._of_pipeline:
            self._of_pipeline[pipeline] = (self._images.of(pipeline), self._image_bytes.of(pipeline))
        images, image_bytes = self._of_pipeline[pipeline]
        images.count += 1
        image_bytes.count += size

    def request_was_answered(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """Count a request. Requests without a route share one label, so that unknown paths do not add labels."""
        asked = (method if route else "-", route, status)
        if asked not in self._of_request:
            name = route or "other"
            self._of_request[asked] = (
                self._requests.of(asked[0], name, str(status)),
                self._request_seconds.of(name),
            )
        counter, durations = self._of_request[asked]
        counter.count += 1
        durations.observe(seconds)

    def access_was_decided(self, decision: str, right: str) -> None:
        """Count a decision on a request. `right` is the right that it is about, empty if none."""
        self._access_decisions.of(decision, right).count += 1

    def access_was_reviewed(self, review: str, seconds: float) -> None:
        """Count a review by the API server."""
        self._access_reviews.of(review).observe(seconds)
