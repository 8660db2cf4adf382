"""The metrics of several processes: theirs, merged, and those of their parent."""

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector


class FleetMetrics:
    """The metrics of the parent.

    Attributes:
        ends: processes that ended unexpectedly.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.ends = Counter(
            "darkroom_worker_process_ends",
            "Processes of the worker that ended unexpectedly and were started again.",
            registry=self.registry,
        )


def merged(texts: Mapping[str, str]) -> bytes:
    """Merge metrics in Prometheus' text format, keyed by process. Every sample gets the label `process`."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Merged(texts))
    return generate_latest(registry)


class _Merged(Collector):
    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def collect(self) -> Iterable[Metric]:
        families: dict[str, Metric] = {}
        for process, text in self._texts.items():
            if text == "{}":
                continue
            for family in text_string_to_metric_families(text):
                into = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                into.samples += [
                    sample._replace(labels={**sample.labels, "process": process}) for sample in family.samples
                ]
        return families.values()
