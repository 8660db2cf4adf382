"""The metrics of several processes in one document."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from darkroom_inference.process.fleet_metrics import merged


def metrics_of_a_process(images: int) -> str:
    registry = CollectorRegistry()
    Counter("images", "Images.", ["outcome", "reason"], registry=registry).labels("analyzed", 'a "{b}" \n').inc(images)
    Counter("never", "Never counted.", ["reason"], registry=registry)
    Gauge("lag", "Lag.", registry=registry).set(3.5)
    Info("model", "Model.", registry=registry).info({"name": "digits"})
    Histogram("seconds", "Seconds.", buckets=(1, 2), registry=registry).observe(1.5)
    return generate_latest(registry).decode()


def test_metrics_of_processes_have_a_process_label() -> None:
    texts = {"0": metrics_of_a_process(2), "1": metrics_of_a_process(5), "2": "{}"}
    found = list(text_string_to_metric_families(merged(texts).decode()))
    assert [family.name for family in found] == [family.name for family in text_string_to_metric_families(texts["0"])]
    for number, (process, text) in enumerate([*texts.items()][:2]):
        for family, of_process in zip(found, text_string_to_metric_families(text), strict=True):
            assert (family.type, family.documentation) == (of_process.type, of_process.documentation)
            wanted = [sample._replace(labels={**sample.labels, "process": process}) for sample in of_process.samples]
            assert [sample for sample in family.samples if sample.labels["process"] == str(number)] == wanted
