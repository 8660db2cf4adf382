"""The environment of a stage's workers: credentials for its model, and `template.env`."""

from collections.abc import Mapping
from typing import Any

from darkroom.api.pipeline import Stage
from darkroom_cli.manifests.bundle import Bundle, Key


def worker_environment(stage: Stage, namespace: str, bundle: Bundle) -> dict[str, str]:
    """Environment variables to add to those of this process. Values that are not in the manifests are omitted."""
    environment: dict[str, str] = {}
    if stage.model.secret is not None:
        entries = bundle.secrets.get((namespace, stage.model.secret.name), {})
        environment |= {key: value.decode(errors="replace") for key, value in entries.items()}
    for variable in stage.template.env:
        value = _value(variable, namespace, bundle)
        if value is not None:
            environment[str(variable.get("name"))] = value
    return environment


def _value(variable: Mapping[str, Any], namespace: str, bundle: Bundle) -> str | None:
    if "value" in variable:
        return str(variable["value"])
    source = variable.get("valueFrom") or {}
    references: tuple[tuple[str, Mapping[Key, Mapping[str, bytes]]], ...] = (
        ("secretKeyRef", bundle.secrets),
        ("configMapKeyRef", bundle.config_maps),
    )
    for kind, entries in references:
        if reference := source.get(kind):
            content = entries.get((namespace, reference.get("name")), {}).get(reference.get("key"))
            return None if content is None else content.decode(errors="replace")
    return None
