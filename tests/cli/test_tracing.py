"""Spans of a real pipeline arrive at a collector: one trace of an image, from its POST to its result."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.kafka import SharedKafka
from tests.support.monitoring.otlp import Collector, ReceivedSpan, collector
from tests.support.services.command_line import IMAGES, Up, sample_in
from tests.support.until import until

PNG = (IMAGES / "digit-0023-label-three.png").read_bytes()
ROUTE = "/v1/pipelines/{namespace}/{name}/images"
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
CLIENT = "b7ad6b7169203331"


@pytest.fixture
def collecting() -> Iterator[Collector]:
    with collector() as found:
        yield found


def test_the_spans_of_an_image_are_one_trace(
    tmp_path: Path, kafka: SharedKafka, ups: list[Up], collecting: Collector
) -> None:
    namespace = f"ns-{uuid.uuid4().hex[:8]}"
    arguments = ("--port", "0", "--bootstrap-servers", kafka.bootstrap_servers)
    manifest = sample_in(tmp_path, namespace)
    ups.append(Up(tmp_path / "data", manifest, *arguments, environment=collecting.environment))
    images, results, letters = (
        f"{namespace}.digits.{rest}" for rest in ("images", "classify.results", "classify.dead-letters")
    )
    with httpx.Client(base_url=ups[0].until_ready()) as client:

        def post(body: bytes, flags: str, span: str) -> None:
            headers = {"content-type": "image/png", "traceparent": f"00-{TRACE_ID}-{span}-{flags}"}
            assert client.post(f"/v1/pipelines/{namespace}/digits/images", content=body, headers=headers).is_success

        post(PNG, "00", "00000000000000aa")
        post(PNG, "01", CLIENT)
        until(lambda: collecting.named(f"process {results}"), "the result is in the store", 30)
        post(PNG[: len(PNG) // 2], "01", CLIENT)
        until(lambda: collecting.named(f"process {letters}"), "the dead letter is in the store", 30)
        until(lambda: len(collecting.spans) == 22, "complete", 30)

    def only(name: str, parent: ReceivedSpan | None = None, stage: str | None = None) -> ReceivedSpan:
        found = [
            span
            for span in collecting.named(name)
            if (parent is None or span.parent_id == parent.span_id)
            and (stage is None or span.resource["darkroom.stage"] == stage)
        ]
        assert len(found) == 1, (name, found)
        return found[0]

    assert {span.trace_id for span in collecting.spans} == {TRACE_ID}
    analysed, failed = sorted(collecting.named(f"POST {ROUTE}"), key=lambda span: span.start_ns)
    assert (analysed.kind, analysed.parent_id) == ("SERVER", CLIENT)
    assert analysed.attributes["http.response.status_code"] == 202
    sent = only(f"publish {images}", analysed)
    assert sent.kind == "PRODUCER"
    work = only(f"process {images}", sent, "classify")
    assert (work.kind, work.links) == ("CONSUMER", (sent.span_id,))
    assert work.attributes["messaging.kafka.offset"] == sent.attributes["messaging.kafka.offset"]
    assert work.attributes["cloudevents.event_type"] == "dev.darkroom.image.received"
    assert work.resource["service.name"] == "darkroom-worker"
    steps = [only(step, work) for step in ("decode", "preprocess", "infer")]
    answer = only(f"publish {results}", work)
    assert work.start_ns <= steps[0].start_ns <= steps[0].end_ns == steps[1].start_ns <= steps[2].end_ns
    assert steps[2].end_ns <= answer.start_ns <= answer.end_ns == work.end_ns
    stored = only(f"process {results}", answer)
    assert stored.attributes["cloudevents.event_type"] == "dev.darkroom.image.analyzed"
    assert stored.resource["service.name"] == "darkroom-ingestion"

    bad = only(f"process {images}", only(f"publish {images}", failed), "classify")
    assert (bad.error, bad.attributes["error.type"]) == ("DecodeError", "DecodeError")
    only(f"process {letters}", only(f"publish {letters}", bad))
