"""The Helm chart: rendering, installing, and the rights of its service accounts."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.support.kube.api import Api, Manifest
from tests.support.kube.go_programs import KUBERNETES
from tests.support.kube.tools import helm

CHART = Path(__file__).parents[2] / "charts" / "darkroom"
_PREVIOUS = Path(__file__).parents[1] / "e2e" / "previous"
# Charts that an upgrade may come from, the oldest first.
PREVIOUS = tuple(_PREVIOUS / f"darkroom-0.1.0-{commit}.tgz" for commit in ("a11bdd8", "813c281"))
_TIMEOUT_S = 180


class HelmError(Exception):
    """Helm has failed; the message is Helm's."""


@dataclass(frozen=True)
class Helm:
    """Helm with its files in `folder`, for the cluster of `kubeconfig` if it is given."""

    folder: Path
    kubeconfig: Path | None = None
    chart: Path = CHART

    def lint(self, values: Mapping[str, Any] | None = None) -> str:
        return self._run("lint", "--strict", self.chart, *self._values(values))

    def template(
        self, release: str, namespace: str, values: Mapping[str, Any] | None = None, *, in_cluster: bool = False
    ) -> list[Manifest]:
        """The manifests; with `in_cluster`, as an upgrade would render them with what the cluster has now."""
        dry_run = f"--dry-run={'server' if in_cluster else 'client'}"
        # `helm template` does not ask the cluster, and a Helm built without its Makefile assumes Kubernetes 1.20.
        options = ("--namespace", namespace, dry_run, "--kube-version", KUBERNETES.version)
        rendered = self._run("template", release, self.chart, *options, *self._values(values))
        return [manifest for manifest in yaml.safe_load_all(rendered) if manifest]

    def install(self, release: str, namespace: str, values: Mapping[str, Any] | None = None) -> str:
        """Install and wait until everything is ready. Returns the notes."""
        options = ("--namespace", namespace, "--wait", "--timeout", "90s")
        return self._run("install", release, self.chart, *options, *self._values(values))

    def notes(self, release: str, namespace: str, values: Mapping[str, Any] | None = None) -> str:
        """What `install` would print, with what the cluster has now; nothing is installed."""
        return self._run(
            "install", release, self.chart, "--namespace", namespace, "--dry-run=server", *self._values(values)
        ).partition("NOTES:")[2]

    def upgrade(self, release: str, namespace: str, values: Mapping[str, Any] | None = None) -> str:
        options = ("--namespace", namespace, "--wait", "--timeout", "90s")
        return self._run("upgrade", release, self.chart, *options, *self._values(values))

    def uninstall(self, release: str, namespace: str) -> str:
        return self._run("uninstall", release, "--namespace", namespace, "--wait", "--timeout", "90s")

    def _values(self, values: Mapping[str, Any] | None) -> Sequence[object]:
        if not values:
            return ()
        file = self.folder / "values.json"
        file.write_text(json.dumps(values))
        return ("--values", file)

    def _run(self, *arguments: object) -> str:
        homes = {f"HELM_{kind}_HOME": str(self.folder / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")}
        # Without a cluster, Helm must not find one in the environment.
        environment = os.environ | homes | {"KUBECONFIG": str(self.kubeconfig or os.devnull)}
        done = subprocess.run(
            [str(helm()), *map(str, arguments)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        if done.returncode != 0:
            raise HelmError(done.stdout + done.stderr)
        return done.stdout


def of_kind(manifests: Sequence[Manifest], kind: str) -> dict[str, Manifest]:
    """The manifests of a kind, by name."""
    return {manifest["metadata"]["name"]: manifest for manifest in manifests if manifest["kind"] == kind}


def grant(api: Api, manifests: Sequence[Manifest]) -> list[str]:
    """Create the service accounts of a rendered chart and their rights. Returns the paths of all objects.

    Without the roles of people, which have the same names in every namespace.
    """
    access = {
        _path(manifest): manifest
        for manifest in manifests
        if manifest["kind"] in _ACCESS and manifest["metadata"]["labels"][_COMPONENT] != "user-roles"
    }
    for path, manifest in access.items():
        api.apply(path, manifest)
    return list(access)


_COMPONENT = "app.kubernetes.io/component"
_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_ACCESS = {
    "ServiceAccount": "/api/v1/namespaces/{namespace}/serviceaccounts",
    "Role": f"{_RBAC}/namespaces/{{namespace}}/roles",
    "RoleBinding": f"{_RBAC}/namespaces/{{namespace}}/rolebindings",
    "ClusterRole": f"{_RBAC}/clusterroles",
    "ClusterRoleBinding": f"{_RBAC}/clusterrolebindings",
}


def _path(manifest: Manifest) -> str:
    metadata = manifest["metadata"]
    return f"{_ACCESS[manifest['kind']].format(namespace=metadata.get('namespace'))}/{metadata['name']}"
