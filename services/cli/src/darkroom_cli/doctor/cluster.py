"""Checks of a Kubernetes cluster: the kubeconfig, the API server, the clock, the CRD, the ingestion service."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kubernetes.client import ApiClient
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from darkroom import names
from darkroom.api.crd import image_pipeline_crd
from darkroom.errors import DarkroomError
from darkroom_cli.client.target import ClusterTarget
from darkroom_cli.cluster.ingestion import ingestion_service
from darkroom_cli.cluster.kubeconfig import REQUEST_TIMEOUT_S, api_client, problem_of
from darkroom_cli.doctor.access import check_access
from darkroom_cli.doctor.finding import Finding
from darkroom_cli.doctor.machine import clock_difference_s, clock_finding
from darkroom_cli.exit_codes import InvalidInput

_CRD = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{names.PLURAL}.{names.GROUP}"
_OK, _NOT_FOUND = 200, 404
_SHOWN = 5


def crd_finding(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> Finding:
    """Whether the CRD of a cluster has the fields of this program's."""
    schema, own = _schema(theirs), _schema(ours)
    if schema is None or own is None:
        return Finding(
            "CRD", "Problem", f"the cluster does not serve {names.API_VERSION}", "install the CRD of this version"
        )
    has, wants = set(_fields(schema, "spec")), set(_fields(own, "spec"))
    if lacking := sorted(wants - has):
        more = f" and {len(lacking) - _SHOWN} more" if len(lacking) > _SHOWN else ""
        return Finding(
            "CRD",
            "Problem",
            f"the CRD of the cluster is older than this program: it has no {', '.join(lacking[:_SHOWN])}{more}",
            "apply the CRD of this version, then upgrade the chart: `kubectl apply --server-side -f "
            "charts/darkroom/crds`",
        )
    if newer := sorted(has - wants):
        return Finding(
            "CRD",
            "Warning",
            f"the CRD of the cluster is newer than this program: it has {', '.join(newer[:_SHOWN])}",
            "upgrade this program: it does not know these fields",
        )
    return Finding("CRD", "Ok", f"{names.API_VERSION} has the fields of this version")


def check_cluster(target: ClusterTarget, pipelines: Sequence[str]) -> list[Finding]:
    """Check the cluster of a kubeconfig's context, and access to the images of pipelines (NAMESPACE/NAME)."""
    try:
        client = api_client(target.context)
    except InvalidInput as error:
        return [Finding("kubeconfig", "Problem", str(error), "choose a context with --context")]
    with client:
        try:
            _, date = _get(client, "/version")
        except (ApiException, HTTPError) as error:
            problem = str(problem_of(client, error, "read its version", "renew your credentials"))
            return [Finding("API server", "Problem", problem, "check the context: `kubectl cluster-info`")]
        found = [Finding("API server", "Ok", f"{client.configuration.host} responds")]
        if (difference := clock_difference_s(date)) is not None:
            found.append(clock_finding("the API server", difference))
        return [*found, _check_crd(client), *_check_service(target, pipelines)]


def _check_crd(client: ApiClient) -> Finding:
    try:
        crd, _ = _get(client, _CRD)
    except ApiException as error:
        if error.status == _NOT_FOUND:
            return Finding("CRD", "Problem", "the cluster has no CRD of ImagePipeline", "install Darkroom's chart")
        return Finding(
            "CRD", "Skipped", f"it may not be read ({error.status} {error.reason})", "ask for get on its CRD"
        )
    except HTTPError as error:
        return Finding("CRD", "Skipped", str(problem_of(client, error, "read the CRD", "")), "try again")
    return crd_finding(crd, image_pipeline_crd())


def _check_service(target: ClusterTarget, pipelines: Sequence[str]) -> list[Finding]:
    try:
        with ingestion_service(target, 1) as service:
            service.get("/readyz")
            return [
                Finding("ingestion service", "Ok", f"{service.url} is ready"),
                *check_access(service, pipelines),
            ]
    except DarkroomError as error:
        return [Finding("ingestion service", "Problem", str(error), "`darkroom status` has details once it responds")]


def _get(client: ApiClient, path: str) -> tuple[dict[str, Any], str]:
    """The object at `path`, and the server's time.

    Raises:
        ApiException: the API server refused the request.
        HTTPError: it does not respond.
    """
    request = client.param_serialize(
        "GET", path, header_params={"Accept": "application/json"}, auth_settings=["BearerToken"]
    )
    response = client.call_api(*request, _request_timeout=REQUEST_TIMEOUT_S)
    content = response.read()
    if response.status != _OK:
        raise ApiException(status=response.status, reason=response.reason)
    found: dict[str, Any] = json.loads(content)
    return found, response.getheader("Date") or ""


def _schema(crd: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for version in crd.get("spec", {}).get("versions", []):
        if version["name"] == names.VERSION and version["served"]:
            schema: Mapping[str, Any] = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
            return schema
    return None


def _fields(schema: Mapping[str, Any], path: str) -> Iterator[str]:
    for name, field in (schema.get("properties") or {}).items():
        yield f"{path}.{name}"
        yield from _fields(field, f"{path}.{name}")
    if isinstance(items := schema.get("items"), dict):
        yield from _fields(items, f"{path}[]")
