"""What the Helm chart renders: the API server accepts it, and wrong values are refused."""

import json
import subprocess
from typing import Any

import pytest
import yaml

from darkroom import __version__
from darkroom_operator.config import parse_config
from tests.support.chart import CHART, Helm, HelmError, of_kind
from tests.support.kube.api_server import ApiServer

DIGEST = f"sha256:{'0123456789abcdef' * 4}"
STRIMZI = {"name": "events", "namespace": "KAFKA"}

COMBINATIONS: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "on kind": yaml.safe_load((CHART / "values-kind.yaml").read_text()),
    "with Kafkas of Strimzi's and others": {
        "ingestion": {
            "kafka": {
                "clusters": [
                    STRIMZI,
                    {"name": "second", "namespace": "KAFKA", "authentication": "tls", "authorization": "none"},
                ],
                "others": [
                    {"bootstrapServers": "b1:9093", "tls": True, "secret": "kafka"},
                    {"bootstrapServers": "b2:9093"},
                ],
            }
        }
    },
    "in namespaces of its own": {
        "operator": {"watchNamespaces": ["KAFKA"]},
        "ingestion": {"namespaces": ["KAFKA"], "kafka": {"clusters": [STRIMZI]}},
    },
    "with OpenID Connect, a trusted proxy and TLS": {
        "ingestion": {
            "access": {
                "oidc": {"issuer": "https://id.example.org", "clientId": "darkroom", "clientSecret": {"name": "oidc"}},
                "trustedProxy": {"cidrs": ["10.0.0.0/24"]},
            },
            "tls": {"certificate": {"enabled": True, "issuerRef": {"name": "internal"}}},
            "service": {"type": "LoadBalancer"},
        }
    },
    "with a file of tokens": {"ingestion": {"access": {"mode": "TokenFile", "tokenFileSecret": "tokens"}}},
    "open to everybody": {"ingestion": {"access": {"mode": "None"}}},
    "several replicas on PostgreSQL": {"ingestion": {"replicas": 3, "database": {"urlSecret": {"name": "postgresql"}}}},
    "reached through an Ingress, a Gateway and a certificate, and scaled": {
        "ingress": {"enabled": True, "className": "nginx", "hosts": ["images.example.org"]},
        "httpRoute": {
            "enabled": True,
            "parentRefs": [{"name": "public", "namespace": "gateways"}],
            "hostnames": ["images.example.com"],
        },
        "certificates": {"enabled": True, "issuerRef": {"name": "letsencrypt"}, "duration": "2160h"},
        "ingestion": {
            "database": {"urlSecret": {"name": "postgresql"}},
            "autoscaling": {"enabled": True, "behavior": {"scaleDown": {"stabilizationWindowSeconds": 600}}},
        },
    },
    "without the ingestion service": {"ingestion": {"enabled": False}, "networkPolicy": {"enabled": False}},
    "with everything that can be set": {
        "fullnameOverride": "dark",
        "imagePullSecrets": [{"name": "registry"}],
        "grafanaDashboard": {"enabled": True},
        "global": {"imageRegistry": "registry.example.org/mirror"},
        "worker": {
            "image": {"digest": DIGEST},
            "defaults": {"resources": {"limits": {"memory": "1Gi"}}, "runtimeClassName": "gvisor"},
        },
        "operator": {
            "podAnnotations": {"a": "b"},
            "podLabels": {"c": "d"},
            "nodeSelector": {"kubernetes.io/arch": "amd64"},
            "tolerations": [{"operator": "Exists"}],
            "affinity": {"nodeAffinity": {}},
            "priorityClassName": "system-cluster-critical",
            "podDisruptionBudget": {"minAvailable": "50%"},
            "topologySpreadConstraints": [],
            "hostAliases": [{"ip": "192.0.2.1", "hostnames": ["kafka.example"]}],
            "extraEnv": [{"name": "TZ", "value": "UTC"}],
            "extraVolumes": [{"name": "ca", "configMap": {"name": "ca", "optional": True}}],
            "extraVolumeMounts": [{"name": "ca", "mountPath": "/etc/ssl/own", "readOnly": True}],
            "tenantTemplate": [],
            "serviceAccount": {"annotations": {"e": "f"}},
        },
        "ingestion": {
            "extraArgs": ["--delivery-timeout=20"],
            "service": {"type": "NodePort"},
            "database": {"storage": {"size": "1Gi", "className": "standard"}},
            "serviceAccount": {"name": "default"},
            "podDisruptionBudget": {"enabled": False},
            "extraEnv": [{"name": "TZ", "value": "UTC"}],
            "extraVolumes": [{"name": "more", "emptyDir": {}}],
            "extraVolumeMounts": [{"name": "more", "mountPath": "/more"}],
        },
        "networkPolicy": {"ingestionFrom": [{"namespaceSelector": {}}], "metricsFrom": [{"podSelector": {}}]},
    },
}  # fmt: skip


def test_the_chart_passes_lint(helm: Helm) -> None:
    assert "0 chart(s) failed" in helm.lint()


@pytest.mark.parametrize("values", COMBINATIONS.values(), ids=COMBINATIONS)
def test_the_api_server_accepts_everything_that_is_rendered(
    values: dict[str, Any], helm: Helm, api_server: ApiServer, restricted: str
) -> None:
    manifests = helm.template("try", restricted, within(restricted, values))

    apply = ("apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-")
    done = subprocess.run(
        [api_server.kubectl, "--kubeconfig", api_server.kubeconfig, *apply],
        input=json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_both_services_have_service_monitors(helm: Helm) -> None:
    manifests = helm.template(
        "try", "darkroom", {"serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}}}
    )
    monitors, services = of_kind(manifests, "ServiceMonitor"), of_kind(manifests, "Service")
    assert monitors.keys() == services.keys() == {"try-darkroom-operator", "try-darkroom-ingestion"}
    for name, monitor in monitors.items():
        assert monitor["spec"]["selector"]["matchLabels"].items() <= services[name]["metadata"]["labels"].items()
        assert monitor["spec"]["endpoints"][0]["port"] in {port["name"] for port in services[name]["spec"]["ports"]}


def test_alerts_have_the_url_of_their_runbooks(helm: Helm) -> None:
    assert of_kind(helm.template("try", "darkroom"), "PrometheusRule") == {}
    values = {"enabled": True, "labels": {"release": "prometheus"}, "runbookUrl": "https://runbooks.example.com/"}
    [rule] = of_kind(helm.template("try", "darkroom", {"prometheusRule": values}), "PrometheusRule").values()
    assert rule["metadata"]["labels"]["release"] == "prometheus"
    alerts = {alert["alert"]: alert for group in rule["spec"]["groups"] for alert in group["rules"]}
    refused = alerts["DarkroomImagesRefused"]["annotations"]
    assert refused["runbook_url"] == "https://runbooks.example.com/images-refused.md"
    assert "{{ $labels.pipeline }}" in refused["summary"]


def test_services_and_workers_send_spans_to_the_collector(helm: Helm) -> None:
    off = helm.template("try", "darkroom")
    assert "OTEL" not in str(off)
    assert "otlp" not in str(off)
    on = helm.template(
        "try", "darkroom", {"tracing": {"endpoint": "http://collector.monitoring:4318", "sampleRatio": 0.5}}
    )
    [operator] = of_kind(on, "Deployment").values()
    arguments = operator["spec"]["template"]["spec"]["containers"][0]["args"]
    assert {"--worker-otlp-endpoint=http://collector.monitoring:4318", "--worker-trace-sample-ratio=0.5"} <= {
        *arguments
    }
    [ingestion] = of_kind(on, "StatefulSet").values()
    env = {v["name"]: v.get("value") for v in ingestion["spec"]["template"]["spec"]["containers"][0]["env"]}
    assert env["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://collector.monitoring:4318"
    assert env["OTEL_TRACES_SAMPLER_ARG"] == "0.5"
    policy = of_kind(on, "NetworkPolicy")["try-darkroom-ingestion"]
    assert {"port": 4318, "protocol": "TCP"} in policy["spec"]["egress"][-1]["ports"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"tracing": {"endpoint": "collector:4318"}}, "endpoint"),
        ({"ingestion": {"replcas": 2}}, "replcas"),
        ({"operator": {"image": {"pullPolicy": "Sometimes"}}}, "pullPolicy"),
        ({"operator": {"watchNamespaces": ["Not_A_Name"]}}, "watchNamespaces"),
        ({"ingestion": {"kafka": {"clusters": [{"name": "events"}]}}}, "namespace"),
        ({"ingestion": {"kafka": {"clusters": [{**STRIMZI, "authorization": "opa"}]}}}, "authorization"),
        ({"ingestion": {"replicas": 2}}, "ingestion.database.urlSecret.name"),
        ({"ingestion": {"autoscaling": {"enabled": True}}}, "ingestion.database.urlSecret.name"),
        ({"operator": {"image": {"digest": "sha256:12"}}}, "digest"),
        ({"operator": {"tenantTemplate": ["volumes"]}}, "tenantTemplate"),
        ({"ingress": {"enabled": True}}, "ingress.hosts: list at least one"),
        ({"httpRoute": {"enabled": True}}, "httpRoute.parentRefs: name the Gateway"),
        ({"certificates": {"enabled": True, "dnsNames": ["a"]}}, "certificates.issuerRef.name"),
    ],
)
def test_invalid_values_are_refused_by_name(values: dict[str, Any], message: str, helm: Helm) -> None:
    with pytest.raises(HelmError, match=message):
        helm.template("try", "darkroom", values)


def test_a_kafka_user_has_acls_unless_its_kafka_has_no_authorization(helm: Helm) -> None:
    clusters = [{"name": "with", "namespace": "one"}, {"name": "without", "namespace": "two", "authorization": "none"}]
    manifests = helm.template("try", "darkroom", {"ingestion": {"kafka": {"clusters": clusters}}})
    users = [manifest for manifest in manifests if manifest["kind"] == "KafkaUser"]
    found = {user["metadata"]["namespace"]: user["spec"] for user in users}
    assert found["one"]["authorization"]["acls"]
    assert found["two"] == {"authentication": {"type": "scram-sha-512"}}


@pytest.mark.parametrize(("namespaces", "names"), [([], {"*"}), (["demo", "kafka"], {"demo.", "kafka."})])
def test_the_operators_kafka_user_may_only_describe(namespaces: list[str], names: set[str], helm: Helm) -> None:
    kafka = {"clusters": [{"name": "events", "namespace": "kafka"}]}
    manifests = helm.template("try", "darkroom", {"operator": {"kafka": kafka, "watchNamespaces": namespaces}})
    (user,) = (manifest for manifest in manifests if manifest["kind"] == "KafkaUser")
    acls = user["spec"]["authorization"]["acls"]
    assert {tuple(acl["operations"]) for acl in acls} == {("Describe",)}
    assert {(acl["resource"]["type"], acl["resource"]["name"]) for acl in acls} == {
        (kind, name) for kind in ("topic", "group") for name in names
    }
    deployment = of_kind(manifests, "Deployment")["try-darkroom-operator"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert f"--kafka-user={user['metadata']['name']}" in container["args"]


@pytest.mark.parametrize(
    ("image", "registry", "expected"),
    [
        ({}, "", f"ghcr.io/darkroom/operator:{__version__}"),
        ({"tag": "v2"}, "", "ghcr.io/darkroom/operator:v2"),
        ({"digest": DIGEST, "tag": "v2"}, "", f"ghcr.io/darkroom/operator@{DIGEST}"),
        ({}, "registry.example:5000/mirror/", f"registry.example:5000/mirror/darkroom/operator:{__version__}"),
        ({"repository": "localhost/darkroom/operator"}, "r.example", f"r.example/darkroom/operator:{__version__}"),
        ({"repository": "team/operator", "digest": DIGEST}, "r.example", f"r.example/team/operator@{DIGEST}"),
    ],
)
def test_images_come_from_the_registry_with_the_tag_or_the_digest(
    image: dict[str, str], registry: str, expected: str, helm: Helm
) -> None:
    values = {"global": {"imageRegistry": registry}, "operator": {"image": image}}
    manifests = helm.template("try", "darkroom", values)
    (container,) = of_kind(manifests, "Deployment")["try-darkroom-operator"]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == expected


def test_the_operator_accepts_the_options_of_the_chart(helm: Helm) -> None:
    values = COMBINATIONS["with everything that can be set"]
    deployment = of_kind(helm.template("try", "darkroom", values), "Deployment")["dark-operator"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    config = parse_config(container["args"], {})
    assert config.worker_image == f"registry.example.org/mirror/darkroom/inference@{DIGEST}"
    assert config.worker_defaults.resources.limits == {"memory": "1Gi"}
    assert config.worker_defaults.runtime_class_name == "gvisor"
    assert config.tenant_template == ()


def test_live_events_and_large_images_pass_the_ingress_and_the_route(helm: Helm) -> None:
    values = COMBINATIONS["reached through an Ingress, a Gateway and a certificate, and scaled"]
    manifests = helm.template("try", "darkroom", values)
    (ingress,) = of_kind(manifests, "Ingress").values()
    annotations = ingress["metadata"]["annotations"]
    assert annotations["nginx.ingress.kubernetes.io/proxy-body-size"] == "0"
    assert annotations["nginx.ingress.kubernetes.io/proxy-buffering"] == "off"
    (certificate,) = of_kind(manifests, "Certificate").values()
    assert [tls["secretName"] for tls in ingress["spec"]["tls"]] == [certificate["spec"]["secretName"]]
    assert certificate["spec"]["dnsNames"] == ["images.example.org", "images.example.com"]
    (route,) = of_kind(manifests, "HTTPRoute").values()
    assert route["spec"]["rules"][0]["timeouts"] == {"request": "0s", "backendRequest": "0s"}
    (workload,) = (
        one for one in manifests if one["metadata"]["name"] == "try-darkroom-ingestion" and one["kind"] == "Deployment"
    )
    assert "replicas" not in workload["spec"], "the autoscaler decides"


def test_selectors_do_not_depend_on_the_version(helm: Helm) -> None:
    for manifest in helm.template("try", "darkroom"):
        if manifest["kind"] in {"Deployment", "StatefulSet"}:
            assert set(manifest["spec"]["selector"]["matchLabels"]) == {
                "app.kubernetes.io/name",
                "app.kubernetes.io/instance",
                "app.kubernetes.io/component",
            }
            assert __version__ not in json.dumps(manifest["spec"]["template"]["metadata"])


def within(namespace: str, values: Any) -> Any:
    """`values` with KAFKA replaced by an existing namespace."""
    return json.loads(json.dumps(values).replace("KAFKA", namespace))
