"""What an ImagePipeline's status adds to the facts from Kafka."""

from darkroom_ingestion.status.document import status_document
from darkroom_ingestion.status.facts import PipelineFacts, StageFacts
from darkroom_ingestion.status.reported import with_reported_status

STAGES = (StageFacts("classify", "g", 0, "Empty"), StageFacts("embed", "h", 1, "Empty"))
FACTS = PipelineFacts("demo", "digits", "demo.digits.images", suspended=False, stages=STAGES)
DECIDED = {"desired": 0, "reason": "NoInput", "lag": 0, "drainSeconds": 0, "ratePerSecond": 0.0}


def test_a_stage_has_the_last_decision_about_its_workers() -> None:
    status = {"conditions": [], "stages": [{"name": "classify", "autoscaling": DECIDED}, {"name": "embed"}]}
    classify, embed = status_document(with_reported_status(FACTS, status))["stages"]
    assert (classify["autoscaling"], embed["autoscaling"]) == (DECIDED, None)
    assert classify["advice"] == [], "a stage that waits for images needs no worker"
    assert embed["advice"] != []


def test_unknown_numbers_of_a_decision_are_null() -> None:
    status = {"stages": [{"name": "classify", "autoscaling": {"desired": 2, "reason": "UnknownOffsets"}}]}
    (classify, _) = status_document(with_reported_status(FACTS, status))["stages"]
    assert classify["autoscaling"] == {
        "desired": 2, "reason": "UnknownOffsets", "lag": None, "drainSeconds": None, "ratePerSecond": None,
    }  # fmt: skip


def test_outside_of_kubernetes_there_is_no_status() -> None:
    document = status_document(with_reported_status(FACTS, None))
    assert document["conditions"] is None
    assert [stage["autoscaling"] for stage in document["stages"]] == [None, None]


def test_a_pipeline_that_the_operator_has_not_seen_has_no_conditions_yet() -> None:
    assert status_document(with_reported_status(FACTS, {}))["conditions"] == []
