"""Objects that differ from the pipeline are restored."""

from collections.abc import Iterator

import pytest

from tests.support.kafka import SharedKafka
from tests.support.kube.api_server import ApiServer
from tests.support.services.operator import Site, site
from tests.support.until import until


@pytest.mark.parametrize(
    ("resource", "name", "edit"),
    [
        ("deployments", "digits-classify", {"spec": {"replicas": 5}}),
        ("configmaps", "digits-classify", {"data": {"stage.json": "{}"}}),
        ("networkpolicies", "digits-classify", {"spec": {"ingress": []}}),
        ("poddisruptionbudgets", "digits-classify", {"spec": {"maxUnavailable": 7}}),
        ("serviceaccounts", "digits-classify", {"automountServiceAccountToken": True}),
        ("kafkatopics", "{ns}.digits.images", {"spec": {"config": {"retention.ms": "1"}}}),
        ("kafkausers", "{ns}.digits.classify", {"spec": {"authentication": {"type": "tls"}}}),
    ],
)
def test_an_edited_or_deleted_object_is_restored(
    resource: str, name: str, edit: dict[str, object], repairs: Site
) -> None:
    namespace = repairs.kafka_namespace if resource.startswith("kafka") else repairs.namespace
    name = name.format(ns=repairs.namespace)
    path = repairs.path(resource, name, namespace)

    def essence() -> object:
        live = repairs.api.find(path) or {}
        return {key: live.get(key) for key in ("spec", "data", "automountServiceAccountToken")}

    before = essence()
    repairs.api.merge(path, edit)
    until(lambda: essence() == before, f"{resource} is repaired")

    uid = repairs.api.get(path)["metadata"]["uid"]
    repairs.api.delete(path)
    until(
        lambda: (repairs.api.find(path) or {}).get("metadata", {}).get("uid") not in {None, uid},
        f"{resource} is made anew",
    )
    until(lambda: essence() == before, f"{resource} is as it was")


@pytest.fixture(scope="module")
def repairs(api_server: ApiServer, kafka: SharedKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running pipeline that several tests change, one after the other."""
    with site(api_server, tmp_path_factory.mktemp("repairs")) as made:
        made.start_all(kafka.bootstrap_servers)
        made.apply(made.manifest())
        made.wait_ready()
        yield made


def test_changes_while_the_operator_was_down_are_applied(here: Site, kafka: SharedKafka) -> None:
    operator = here.start_all(kafka.bootstrap_servers)
    for name in ("kept", "leaving", "changing"):
        here.apply(here.manifest(name))
    for name in ("kept", "leaving", "changing"):
        here.wait_ready(name)

    operator.kill()
    here.api.delete(here.path("deployments", "kept-classify"))
    here.api.delete(here.path("imagepipelines", "leaving"))
    here.change("changing", replicas=2)
    here.apply(here.manifest("new"))
    here.start_operator()

    here.wait_gone("imagepipelines", "leaving")
    for name in ("kept", "new", "changing"):
        here.wait_ready(name)
    assert here.find("deployments", "kept-classify") is not None
    for topic in ("images", "classify.results", "classify.dead-letters"):
        here.wait_gone("kafkatopics", f"{here.namespace}.leaving.{topic}", here.kafka_namespace)
