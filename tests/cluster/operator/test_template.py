"""What a pipeline may do to its workers with `template` and the Secret of its model."""

from darkroom_operator.kube.kinds import DEPLOYMENT
from tests.support.kafka import SharedKafka
from tests.support.services.operator import Site

SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "bucket"},
    "stringData": {"AWS_REGION": "eu", "LD_PRELOAD": "/var/lib/darkroom/model/x.so"},
}


def test_a_field_that_the_administrator_does_not_allow_is_reported_and_nothing_is_created(
    here: Site, kafka: SharedKafka
) -> None:
    here.start_strimzi(kafka.bootstrap_servers)
    here.start_kubelet()
    here.put_model()
    here.start_operator("--tenant-template", "nodeSelector")
    manifest = here.manifest()
    manifest["spec"]["stages"][0]["template"] = {"priorityClassName": "system-node-critical", "env": [{"name": "A"}]}
    here.apply(manifest)
    message = here.wait_reason("TemplateNotAllowed")
    assert "spec.stages[0].template.priorityClassName: the administrator" in message
    assert "spec.stages[0].template.env: the administrator" in message
    assert "(now: nodeSelector)" in message
    assert here.names("deployments") == here.names("kafkatopics", here.kafka_namespace) == []

    here.apply(here.manifest())
    here.wait_ready()


def test_a_secret_that_would_load_code_is_refused_and_a_later_key_has_no_effect(running: Site) -> None:
    running.api.apply(running.path("secrets", "bucket"), SECRET)
    manifest = running.manifest()
    manifest["spec"]["stages"][0]["model"]["secret"] = {"name": "bucket"}
    running.apply(manifest)
    message = running.wait_reason("SecretKeyInvalid", "StagesReady")
    assert message.startswith(
        'stage "classify": model configmap://model/model.onnx: Secret bucket has a key LD_PRELOAD:'
    )
    assert running.names("deployments") == []

    running.api.merge(running.path("secrets", "bucket"), {"data": {"LD_PRELOAD": None}})
    running.wait_ready()
    running.api.merge(running.path("secrets", "bucket"), {"stringData": {"LD_AUDIT": "/x.so"}})
    running.wait_reason("SecretKeyInvalid", "StagesReady")
    deployment = running.find(DEPLOYMENT.plural, "digits-classify") or {}
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert "envFrom" not in container
    assert [variable["name"] for variable in container["env"]] == ["HOME", "DARKROOM_CACHE_DIR", "AWS_REGION"]
    assert pod["automountServiceAccountToken"] is False
