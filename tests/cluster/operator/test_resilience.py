"""Failures of the API server, leader election, rotated Secrets, and a late installation of Strimzi."""

import base64
import json
import time
from collections.abc import Callable

import pytest

from tests.support.kafka import SharedKafka
from tests.support.kube.api import Manifest
from tests.support.kube.control_plane import ControlPlane
from tests.support.kube.fault_proxy import Fault, FaultProxy
from tests.support.services.operator import CLUSTER, Site, site
from tests.support.strimzi.crds import strimzi_crds
from tests.support.strimzi.kafka_resource import KafkaListener, install_kafka
from tests.support.until import until

_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_STRIMZI = r"^/apis/kafka\.strimzi\.io/v1$"
OLD_NEWS_S = 8.0


@pytest.mark.parametrize("code", [409, 429, 500, 0])
def test_refused_requests_are_tried_again(code: int, here: Site, kafka: SharedKafka) -> None:
    here.start_strimzi(kafka.bootstrap_servers)
    here.start_kubelet()
    here.put_model()
    with FaultProxy(here.api_server.admin) as proxy:
        operator = here.start_operator(access=proxy.access(here.access()))
        faults = [
            proxy.inject(Fault(code, times=2, method="PATCH", path=path, retry_after_s=1 if code == 429 else None))
            for path in ("/kafkatopics/", "/kafkausers/", "/deployments/", "/imagepipelines/digits/status")
        ]
        here.apply(here.manifest())

        here.wait_ready(timeout_s=60)

        assert [fault.hits for fault in faults] == [2, 2, 2, 2]
        operator.stop()


def test_a_lost_response_does_no_harm(here: Site, kafka: SharedKafka) -> None:
    here.start_strimzi(kafka.bootstrap_servers)
    here.start_kubelet()
    here.put_model()
    with FaultProxy(here.api_server.admin) as proxy:
        operator = here.start_operator(access=proxy.access(here.access()))
        lost = proxy.inject(Fault(500, times=6, method="PATCH", carried_out=True))
        here.apply(here.manifest())
        here.wait_ready(timeout_s=60)
        assert lost.hits == 6
        operator.stop()


def test_a_lasting_failure_of_the_api_server_is_reported_in_the_status(here: Site, kafka: SharedKafka) -> None:
    here.start_strimzi(kafka.bootstrap_servers)
    here.start_kubelet()
    here.put_model()
    with FaultProxy(here.api_server.admin) as proxy:
        operator = here.start_operator(access=proxy.access(here.access()))
        proxy.inject(Fault(500, times=10_000, method="PATCH", path="/deployments/", message="webhook x is away"))
        here.apply(here.manifest())
        assert here.wait_reason("InternalError") == "webhook x is away"
        proxy.heal()
        here.wait_ready(timeout_s=90)
        operator.stop()


def test_broken_watches_are_restarted(here: Site, kafka: SharedKafka) -> None:
    here.start_strimzi(kafka.bootstrap_servers)
    here.start_kubelet()
    here.put_model()
    with FaultProxy(here.api_server.admin) as proxy:
        operator = here.start_operator(access=proxy.access(here.access()))
        here.apply(here.manifest())
        here.wait_ready()

        proxy.cut()
        here.change(replicas=2)
        until(lambda: here.wait_ready()["status"]["replicas"] == 2, "the change was heard of", 60.0)
        proxy.cut()
        here.put_model("another")
        until(lambda: _revision(here) == "2", "the workers roll", 60.0)
        operator.stop()


def test_unexpected_responses_end_no_thread(here: Site, kafka: SharedKafka) -> None:
    """A proxy may respond with 200 and other content. Lists, watches and the election continue afterwards."""
    here.start_strimzi(kafka.bootstrap_servers)
    here.start_kubelet()
    here.put_model()
    with FaultProxy(here.api_server.admin) as proxy:
        paths = (r"/kafkatopics\?limit", r"/configmaps\?limit=1$", r"/leases/")
        faults = [proxy.inject(Fault(200, times=2, path=path)) for path in paths]
        election = ("--leader-election", "true", "--lease-seconds", "6")
        operator = here.start_operator(*election, access=proxy.access(here.access()))
        until(lambda: operator.metric("darkroom_operator_leads") == 1, "it leads", 40.0)
        here.apply(here.manifest())
        here.wait_ready()
        assert [fault.hits for fault in faults] == [2, 2, 2]
        here.put_model("another")
        until(lambda: _revision(here) == "2", "the workers roll", 60.0)
        operator.stop()


def test_the_operator_survives_a_restart_of_the_api_server(
    own_control_plane: ControlPlane, kafka: SharedKafka, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with site(own_control_plane.server, tmp_path_factory.mktemp("restart")) as here:
        operator = here.start_all(kafka.bootstrap_servers)
        here.apply(here.manifest())
        here.wait_ready()

        own_control_plane.restart_api_server()

        here.change(replicas=2)
        until(lambda: here.wait_ready(timeout_s=90)["status"]["replicas"] == 2, "the change was made", 90.0)
        here.put_model("another")
        until(lambda: _revision(here) == "2", "the workers roll", 60.0)
        assert operator.get("/healthz", operator.health_port)[0] == 200


def test_strimzi_may_be_installed_later(without_strimzi: Site, kafka: SharedKafka) -> None:
    here = without_strimzi
    here.start_operator()
    here.put_model()
    here.apply(here.manifest())
    assert "install Strimzi" in here.wait_reason("StrimziNotInstalled", "TopicsReady")

    _install(here, strimzi_crds())
    here.start_kubelet()
    here.start_strimzi(kafka.bootstrap_servers)
    here.wait_ready(timeout_s=60)
    _see_that_topics_are_watched(here)


def test_an_outdated_list_of_kinds_does_not_prevent_their_watches(without_strimzi: Site, kafka: SharedKafka) -> None:
    here = without_strimzi
    with FaultProxy(here.api_server.admin) as proxy:
        operator = here.start_operator(access=proxy.access(here.access()))
        here.put_model()
        here.apply(here.manifest())
        here.wait_reason("StrimziNotInstalled", "TopicsReady")

        *others, first = strimzi_crds()
        _install(here, [first])
        asked = proxy.inject(Fault(None, times=1000, path=_STRIMZI))
        until(_still(lambda: asked.hits), "kopf has looked")
        proxy.heal()
        # From now on, responses list only the first kind and arrive when the others are served too.
        old = proxy.inject(Fault(None, times=1000, path=_STRIMZI, delay_s=OLD_NEWS_S, carried_out=True))
        here.api.merge(f"{_DEFINITIONS}/{first['metadata']['name']}", {"metadata": {"labels": {"touched": "yes"}}})
        # The operator sends one of these requests too, and waits for the response.
        until(lambda: old.hits > 1, "kopf looks again")
        proxy.heal()
        _install(here, others)
        here.start_kubelet()
        here.start_strimzi(kafka.bootstrap_servers)
        here.wait_ready(timeout_s=60)
        until(lambda: old.ended == old.hits, "the old news are told")
        _see_that_topics_are_watched(here)
        operator.stop()


def test_a_recreated_pipeline_gets_its_own_objects(here: Site, kafka: SharedKafka) -> None:
    here.start_all(kafka.bootstrap_servers)
    here.apply(here.manifest())
    here.wait_ready()
    before = (here.find("configmaps", "digits-classify") or {})["metadata"]["uid"]

    here.api.delete(here.path("imagepipelines", "digits"))
    here.wait_gone("imagepipelines", "digits")
    here.apply(here.manifest())

    here.wait_ready(timeout_s=60)
    after = (here.find("configmaps", "digits-classify") or {})["metadata"]
    assert after["uid"] != before
    assert len(after["ownerReferences"]) == 1


def test_credentials_are_copied_to_the_workers_and_followed_when_they_change(here: Site, kafka: SharedKafka) -> None:
    here.start_strimzi(kafka.bootstrap_servers)
    listeners = [
        KafkaListener("plain", kafka.bootstrap_servers),
        KafkaListener("tls", "broker:9093", tls=True, authentication="scram-sha-512"),
    ]
    install_kafka(here.api, here.kafka_namespace, CLUSTER, listeners, ca="-- an authority --")
    here.start_kubelet()
    here.put_model()
    here.start_operator()
    here.apply(here.manifest())
    here.wait_ready()

    user = here.path("secrets", f"{here.namespace}.digits.classify", here.kafka_namespace)
    copy = here.path("secrets", "digits-classify-kafka")
    assert here.api.get(copy)["data"] == {
        "password": here.api.get(user)["data"]["password"],
        "ca.crt": base64.b64encode(b"-- an authority --").decode(),
    }
    settings = here.find("configmaps", "digits-classify") or {}
    connection = json.loads(settings["data"]["stage.json"])["kafka"]
    assert connection == {
        "bootstrapServers": "broker:9093",
        "tls": {"caFile": "/etc/darkroom-kafka/ca.crt"},
        "scram": {
            "username": f"{here.namespace}.digits.classify",
            "passwordFile": "/etc/darkroom-kafka/password",
        },
    }

    here.api.merge(user, {"data": {"password": base64.b64encode(b"rotated").decode()}})
    until(lambda: base64.b64decode(here.api.get(copy)["data"]["password"]) == b"rotated", "the copy follows")
    until(lambda: _revision(here) == "2", "the workers roll")

    install_kafka(here.api, here.kafka_namespace, CLUSTER, listeners, ca="-- a new authority --")
    until(lambda: _revision(here) == "3", "the workers roll for a new authority too")
    here.wait_ready()


def _install(here: Site, definitions: list[Manifest]) -> None:
    for crd in definitions:
        here.api.create(_DEFINITIONS, crd)
    for crd in definitions:
        resource, version = crd["spec"]["names"]["plural"], crd["spec"]["versions"][0]["name"]
        path = f"/apis/{crd['spec']['group']}/{version}/{resource}"
        until(lambda path=path: here.api.find(path) is not None, f"{resource} are served")


def _still(count: Callable[[], int], for_s: float = 1.0) -> Callable[[], bool]:
    """A condition that is true once `count` has not changed for `for_s`."""
    seen, since = count(), time.monotonic()

    def still() -> bool:
        nonlocal seen, since
        if count() != seen:
            seen, since = count(), time.monotonic()
        return time.monotonic() > since + for_s

    return still


def _see_that_topics_are_watched(here: Site) -> None:
    path = here.path("kafkatopics", f"{here.namespace}.digits.images", here.kafka_namespace)
    before = here.api.get(path)["metadata"]["uid"]
    here.api.delete(path)

    def is_made_anew() -> bool:
        live = here.api.find(path)
        return live is not None and live["metadata"]["uid"] != before

    until(is_made_anew, "the topic's resource is made anew")


def _revision(here: Site) -> str:
    live = here.find("deployments", "digits-classify") or {"metadata": {}}
    return str(live["metadata"].get("annotations", {}).get("deployment.kubernetes.io/revision", ""))
