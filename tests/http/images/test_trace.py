"""GET …/images/{id}/trace."""

from collections.abc import Callable

from tests.support.services.ingestion import Pipeline, Service, accepted
from tests.support.until import until

StartService = Callable[..., Service]


def test_the_trace_of_an_image_has_every_record(start_service: StartService, two_stages: Pipeline) -> None:
    service = start_service(two_stages)
    image = accepted(service, two_stages, params={"key": "camera-7"})
    two_stages.analyze(image, "classify", label="one")
    two_stages.fail(image, "embed")
    with service.client as client:
        path = f"{two_stages.path}/images/{image['id']}/trace"
        found = until(lambda: t if not (t := client.get(path).json())["waiting"] else None, "both stages are there")
        unknown = client.get(f"{two_stages.path}/images/nobody/trace")

    received, *answers = found["steps"]
    place = {name: image[name] for name in ("topic", "partition", "offset")}
    assert (found["state"], found["key"]) == ("PartlyFailed", "camera-7")
    assert (received["step"], received["record"]) == ("Received", place)
    assert {(step["step"], step["stage"]) for step in answers} == {("Analyzed", "classify"), ("Failed", "embed")}
    assert all(step["source"] == place for step in answers)
    assert unknown.status_code == 404
