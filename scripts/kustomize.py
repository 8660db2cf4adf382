"""Generate `k8s/kustomize` from the Helm chart: `python -m scripts.kustomize`.

The base is what the chart renders with base/values.yaml. An overlay is the difference that the values.yaml in its
folder makes.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from darkroom.api.crd import crd_yaml
from darkroom.yaml_text import yaml_text
from tests.support.chart import Helm

ROOT = Path(__file__).parents[1]
FOLDER = Path("k8s/kustomize")
BASE = FOLDER / "base"
RELEASE = NAMESPACE = "darkroom"
_HEADER = "# Generated from charts/darkroom with values.yaml: `make kustomize`.\n"
_OF_HELM = ("helm.sh/chart", "app.kubernetes.io/managed-by")

Manifest = dict[str, Any]
Key = tuple[str, str, str, str]


def overlays() -> list[Path]:
    """The folders of the overlays, from the root of the checkout."""
    return sorted(path.parent.relative_to(ROOT) for path in (ROOT / FOLDER).glob("overlays/*/values.yaml"))


def generated(helm: Helm) -> dict[Path, str]:
    """The content of every generated file, by path from the root of the checkout."""
    base = rendered(helm, BASE)
    files = {
        BASE / "kustomization.yaml": _text(_kustomization("namespace.yaml", "crds.yaml", "darkroom.yaml")),
        BASE / "namespace.yaml": _text(namespace()),
        BASE / "crds.yaml": f"{_HEADER}{crd_yaml()}",
        BASE / "darkroom.yaml": _text(*base),
    }
    for folder in overlays():
        files |= _overlay(folder, base, rendered(helm, folder))
    return files


def rendered(helm: Helm, folder: Path) -> list[Manifest]:
    """What the chart renders with the values.yaml in `folder`, without the labels for Helm."""
    values = yaml.safe_load((ROOT / folder / "values.yaml").read_text(encoding="utf-8"))
    manifests = helm.template(RELEASE, NAMESPACE, values)
    for manifest in manifests:
        for label in _OF_HELM:
            manifest["metadata"]["labels"].pop(label, None)
    return manifests


def namespace() -> Manifest:
    """The namespace, which accepts pods of the Pod Security Standard `restricted`."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}


def key(manifest: Manifest) -> Key:
    """What identifies an object in a cluster."""
    metadata = manifest["metadata"]
    return manifest["apiVersion"], manifest["kind"], metadata.get("namespace", ""), metadata["name"]


def written_by_hand() -> set[Path]:
    """The values of the base and of the overlays."""
    return {folder / "values.yaml" for folder in (BASE, *overlays())}


def _overlay(folder: Path, base: list[Manifest], wanted: list[Manifest]) -> dict[Path, str]:
    before, after = {key(manifest): manifest for manifest in base}, {key(manifest): manifest for manifest in wanted}
    files: dict[Path, str] = {}
    resources, patches = ["../../base"], list[Manifest]()
    if added := [manifest for one, manifest in after.items() if one not in before]:
        resources.append("added.yaml")
        files[folder / "added.yaml"] = _text(*added)
    if removed := [_removed(manifest) for one, manifest in before.items() if one not in after]:
        patches.append({"path": "removed.yaml"})
        files[folder / "removed.yaml"] = _text(*removed)
    for one, manifest in after.items():
        if one in before and (operations := list(_operations("", before[one], manifest))):
            file = f"{manifest['kind'].lower()}-{manifest['metadata']['name']}.yaml"
            patches.append({"target": _target(manifest), "path": file})
            files[folder / file] = _text(operations)
    kustomization = _kustomization(*resources) | ({"patches": patches} if patches else {})
    return files | {folder / "kustomization.yaml": _text(kustomization)}


def _kustomization(*resources: str) -> Manifest:
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": list(resources),
    }


def _removed(manifest: Manifest) -> Manifest:
    metadata = {name: manifest["metadata"][name] for name in ("name", "namespace") if name in manifest["metadata"]}
    identity = {"apiVersion": manifest["apiVersion"], "kind": manifest["kind"], "metadata": metadata}
    return {"$patch": "delete", **identity}


def _target(manifest: Manifest) -> Manifest:
    group, _, version = manifest["apiVersion"].rpartition("/")
    kind, metadata = manifest["kind"], manifest["metadata"]
    target = {
        "group": group,
        "version": version,
        "kind": kind,
        **{k: metadata.get(k, "") for k in ("name", "namespace")},
    }
    return {name: value for name, value in target.items() if value}


def _operations(path: str, before: Any, after: Any) -> Iterator[Manifest]:
    """The JSON patch (RFC 6902) from `before` to `after`. Lists are replaced as a whole."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        if before != after:
            yield {"op": "replace", "path": path, "value": after}
        return
    for name in [*before, *(name for name in after if name not in before)]:
        at = f"{path}/{name.replace('~', '~0').replace('/', '~1')}"
        if name not in after:
            yield {"op": "remove", "path": at}
        elif name not in before:
            yield {"op": "add", "path": at, "value": after[name]}
        else:
            yield from _operations(at, before[name], after[name])


def _text(*documents: Manifest | list[Manifest]) -> str:
    return _HEADER + "---\n".join(yaml_text(document) for document in documents)


def main() -> None:
    """Write every generated file, and print its path."""
    with tempfile.TemporaryDirectory(prefix="kustomize-") as folder:
        files = generated(Helm(Path(folder)))
        for stale in (
            {path.relative_to(ROOT) for path in (ROOT / FOLDER).glob("**/*.yaml")} - files.keys() - written_by_hand()
        ):
            (ROOT / stale).unlink()
        for path, content in files.items():
            (ROOT / path).write_text(content, encoding="utf-8")
            print(path)


if __name__ == "__main__":
    main()
