"""Access to images in the chart: the options of the service, its rights, the key of sessions, TLS, and the notes."""

import base64
from pathlib import Path
from typing import Any

import pytest

from darkroom.access.right import Right
from darkroom_ingestion.settings import read_settings
from tests.cluster.chart.test_rights import account, may
from tests.support.chart import Helm, HelmError, of_kind
from tests.support.kube.api import Manifest
from tests.support.kube.api_server import ApiServer

OIDC = {
    "issuer": "https://id.example.org:8443/realms/images",
    "clientId": "darkroom",
    "audience": "images",
    "usernameClaim": "email",
    "usernamePrefix": "oidc:",
    "groupsClaim": "groups",
    "clientSecret": {"name": "oidc", "key": "secret"},
}
PROXY = {"cidrs": ["10.0.0.0/24", "fd00::/8"], "userHeader": "X-User"}
TLS = {"certificate": {"enabled": True, "dnsNames": ["images.example.org"], "issuerRef": {"name": "internal"}}}
LIMITS = {"requests": 100, "bytes": "50M", "streams": 0}
EVERYTHING: dict[str, Any] = {
    "ingestion": {"access": {"oidc": OIDC, "trustedProxy": PROXY}, "tls": TLS, "limitsPerCaller": LIMITS}
}
RIGHTS_OF_ROLES = {
    "viewer": {Right.READ, Right.READ_DEAD_LETTERS},
    "submitter": {Right.SUBMIT},
    "admin": set(Right),
}


@pytest.mark.parametrize(
    ("values", "mode"),
    [
        ({}, "kubernetes"),
        (EVERYTHING, "kubernetes"),
        ({"ingestion": {"access": {"mode": "TokenFile", "tokenFileSecret": "tokens"}}}, "token-file"),
        ({"ingestion": {"access": {"mode": "None"}}}, "none"),
    ],
)
def test_the_service_accepts_the_options_of_the_chart(
    values: dict[str, Any], mode: str, helm: Helm, tmp_path: Path
) -> None:
    (container,) = pod_of(helm.template("try", "darkroom", values))["containers"]
    for mount in container["volumeMounts"]:
        (tmp_path / mount["mountPath"].lstrip("/")).mkdir(parents=True)
    for file in ("session/key", "oidc/secret"):
        if (path := tmp_path / "etc/darkroom" / file).parent.exists():
            path.write_text("k" * 44)
    arguments = [argument.replace("=/etc/", f"={tmp_path}/etc/") for argument in container["args"]]
    settings = read_settings(arguments, {})
    assert settings.access.mode == mode
    folders = {Path(argument.partition("=")[2]).parent for argument in arguments if f"={tmp_path}" in argument}
    assert all(folder.is_dir() for folder in folders), "every file is in a folder that is mounted"


def test_by_default_the_service_checks_tokens_and_writes_an_audit_log(helm: Helm) -> None:
    (container,) = pod_of(helm.template("try", "darkroom"))["containers"]
    assert {"--access=kubernetes", "--token-audience=darkroom", "--audit-log=-"} <= set(container["args"])


def test_the_service_may_ask_whose_a_token_is_and_what_its_owner_may_do(
    helm: Helm, api_server: ApiServer, namespace: str
) -> None:
    values = {"ingestion": {"namespaces": [namespace]}}
    ingestion = account(helm, api_server, namespace, values, "darkroom-ingestion")
    assert may(ingestion, "create", "tokenreviews", group="authentication.k8s.io")
    assert may(ingestion, "create", "subjectaccessreviews", group="authorization.k8s.io")
    assert not may(ingestion, "create", "serviceaccounts/token", namespace)
    assert not may(ingestion, "get", "imagepipelines/images", namespace, group="darkroom.dev")


@pytest.mark.parametrize("access", [{"mode": "TokenFile", "tokenFileSecret": "tokens"}, {"mode": "None"}])
def test_a_service_that_does_not_ask_the_api_server_has_no_right_to(access: dict[str, str], helm: Helm) -> None:
    manifests = helm.template("try", "darkroom", {"ingestion": {"access": access}})
    assert "tokenreviews" not in str(of_kind(manifests, "ClusterRole"))


@pytest.mark.parametrize(("role", "rights"), RIGHTS_OF_ROLES.items())
def test_the_roles_of_people_have_exactly_their_rights(role: str, rights: set[Right], helm: Helm) -> None:
    found = of_kind(helm.template("darkroom", "darkroom"), "ClusterRole")[f"darkroom-{role}"]
    granted = {
        (verb, resource.partition("/")[2])
        for rule in found["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        if resource in {"imagepipelines/images", "imagepipelines/deadletters"}
    }
    assert granted == {(right.verb, right.subresource) for right in rights}


def test_the_key_of_sessions_is_kept_over_upgrades(helm: Helm, api_server: ApiServer, namespace: str) -> None:
    api = api_server.admin.api()
    (first,) = of_kind(helm.template("darkroom", namespace), "Secret").values()
    key = base64.b64decode(first["data"]["key"])
    assert len(base64.urlsafe_b64decode(key)) == 32
    path = f"/api/v1/namespaces/{namespace}/secrets/{first['metadata']['name']}"
    api.apply(path, first)

    rendered = helm.template("darkroom", namespace, in_cluster=True)
    assert of_kind(rendered, "Secret")[first["metadata"]["name"]]["data"] == first["data"]


def test_a_given_key_of_sessions_is_used(helm: Helm) -> None:
    manifests = helm.template("try", "darkroom", {"ingestion": {"access": {"sessionKeySecret": "own"}}})
    assert of_kind(manifests, "Secret") == {}
    volumes = {volume["name"]: volume for volume in pod_of(manifests)["volumes"]}
    assert volumes["session"]["secret"]["secretName"] == "own"


def test_with_tls_services_ingresses_and_probes_use_the_right_protocol(helm: Helm) -> None:
    values = {**EVERYTHING, "ingress": {"enabled": True, "hosts": ["images.example.org"], "tlsSecret": "public"}}
    manifests = helm.template("try", "darkroom", values)
    http, metrics = of_kind(manifests, "Service")["try-darkroom-ingestion"]["spec"]["ports"]
    assert (http["name"], http["port"], http["appProtocol"]) == ("https", 443, "https")
    assert metrics["targetPort"] == "metrics"
    (ingress,) = of_kind(manifests, "Ingress").values()
    assert ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/backend-protocol"] == "HTTPS"
    backend = ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]
    assert backend["service"]["port"] == {"name": "https"}
    certificate = of_kind(manifests, "Certificate")["try-darkroom-ingestion-service"]["spec"]
    assert {"try-darkroom-ingestion.darkroom.svc", "images.example.org"} <= set(certificate["dnsNames"])
    pod = pod_of(manifests)
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert volumes["tls"]["secret"]["secretName"] == certificate["secretName"]
    (container,) = pod["containers"]
    probes = [container[probe]["httpGet"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")]
    assert {(probe["port"], probe.get("scheme")) for probe in probes} == {("metrics", None)}


def test_prometheus_reads_metrics_at_a_port_that_is_not_published(helm: Helm) -> None:
    values = {"ingestion": {"service": {"type": "LoadBalancer"}}, "serviceMonitor": {"enabled": True}}
    manifests = helm.template("try", "darkroom", values)
    services = of_kind(manifests, "Service")
    assert [port["name"] for port in services["try-darkroom-ingestion"]["spec"]["ports"]] == ["http"]
    private = services["try-darkroom-ingestion-metrics"]
    assert private["spec"]["type"] == "ClusterIP"
    monitor = of_kind(manifests, "ServiceMonitor")["try-darkroom-ingestion"]
    assert [endpoint["port"] for endpoint in monitor["spec"]["endpoints"]] == ["metrics"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= private["metadata"]["labels"].items()


def test_the_issuer_can_be_reached_through_the_network_policy(helm: Helm) -> None:
    policy = of_kind(helm.template("try", "darkroom", EVERYTHING), "NetworkPolicy")["try-darkroom-ingestion"]
    assert {"port": 8443, "protocol": "TCP"} in policy["spec"]["egress"][-1]["ports"]


def test_the_notes_say_how_to_get_a_token_and_send_the_first_image(helm: Helm, namespace: str) -> None:
    roles = {"userRoles": {"prefix": namespace}}
    notes = helm.notes("darkroom", namespace, roles)
    assert "TOKEN=$(kubectl -n NAMESPACE create token camera --audience darkroom)" in notes
    assert f"--clusterrole {namespace}-submitter --serviceaccount NAMESPACE:camera" in notes
    assert '-H "Authorization: Bearer $TOKEN"' in notes

    plain = helm.notes("darkroom", namespace, {**roles, "ingress": {"enabled": True, "hosts": ["images.example.org"]}})
    assert "ATTENTION: the Ingress has no certificate" in plain
    open_to_all = helm.notes("darkroom", namespace, {**roles, "ingestion": {"access": {"mode": "None"}}})
    assert "whoever reaches the ingestion service may send images and read everything" in open_to_all
    assert "Bearer" not in open_to_all


@pytest.mark.parametrize(
    ("access", "message"),
    [
        ({"mode": "kubernetes"}, "mode"),
        ({"mode": "TokenFile"}, "tokenFileSecret: name a Secret with the key tokens.yaml"),
        ({"oidc": {"issuer": "https://id.example.org"}}, "clientId: set the id of the client"),
        ({"oidc": {"issuer": "http://id.example.org"}}, "issuer"),
        ({"trustedProxy": {"cidrs": ["proxy.example"]}}, "cidrs"),
    ],
)
def test_wrong_values_are_refused(access: dict[str, Any], message: str, helm: Helm) -> None:
    with pytest.raises(HelmError, match=message):
        helm.template("try", "darkroom", {"ingestion": {"access": access}})


def pod_of(manifests: list[Manifest]) -> dict[str, Any]:
    """The spec of the pods of the ingestion service."""
    (workload,) = of_kind(manifests, "StatefulSet").values()
    spec: dict[str, Any] = workload["spec"]["template"]["spec"]
    return spec
