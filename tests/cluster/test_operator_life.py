"""A pipeline's life in a cluster: made, changed, suspended, repaired, deleted, adopted again."""

from tests.support.kafka import SharedKafka
from tests.support.operator import Site


def test_a_pipeline_becomes_topics_credentials_and_workers(here: Site, kafka: SharedKafka) -> None:
    here.start_strimzi(kafka.bootstrap_servers)
    here.start_kubelet()
    here.start_operator()
    here.put_model()

    here.apply(here.manifest(stages=["classify", "embed"], replicas=2))

    status = here.wait_ready()["status"]
    assert [(c["type"], c["status"]) for c in status["conditions"]] == [
        ("TopicsReady", "True"),
        ("CredentialsReady", "True"),
        ("StagesReady", "True"),
        ("Ready", "True"),
    ]
    assert status["imagesTopic"] == f"{here.namespace}.digits.images"
    assert status["stagesReady"] == "2/2"
    assert [(s["name"], s["replicas"], s["readyReplicas"]) for s in status["stages"]] == [
        ("classify", 2, 2),
        ("embed", 2, 2),
    ]
