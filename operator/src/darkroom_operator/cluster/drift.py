"""Drift detection: an object is written only if it differs from the desired one."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from darkroom import names
from darkroom.api.quantities import parse_quantity
from darkroom_operator.kube.transport import Manifest

_QUANTITIES = {"limits", "requests"}
_MAP_KEYS = ("name", "mountPath", "containerPort")


def with_applied_hash(desired: Manifest) -> Manifest:
    """`desired` with an annotation that holds its hash.

    The hash reveals fields that were removed from `desired`. A comparison of fields alone cannot, because it cannot
    tell the operator's own fields from those that others have added.
    """
    text = json.dumps(desired, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    metadata = desired["metadata"]
    annotations = {**metadata.get("annotations", {}), names.ANNOTATION_APPLIED: digest}
    return {**desired, "metadata": {**metadata, "annotations": annotations}}


def is_as_desired(desired: Manifest, live: Manifest) -> bool:
    """Whether `live` has every field of `desired` (from `with_applied_hash`). Additional fields are ignored."""
    return _covers(live, desired, "")


def _covers(live: Any, desired: Any, field: str) -> bool:
    if isinstance(desired, Mapping):
        if not isinstance(live, Mapping):
            # The API server may drop an empty object: absent and empty mean the same.
            return live is None and not desired
        if field in _QUANTITIES:
            return {k: _amount(v) for k, v in desired.items()} == {k: _amount(live.get(k)) for k in desired}
        return all(_covers(live.get(key), value, key) for key, value in desired.items())
    if isinstance(desired, Sequence) and not isinstance(desired, str):
        return _covers_list(live or [], desired, field)
    return bool(live == desired)


def _covers_list(live: Sequence[Any], desired: Sequence[Any], field: str) -> bool:
    key = next((k for k in _MAP_KEYS if desired and all(isinstance(d, Mapping) and k in d for d in desired)), None)
    if key is None or len({item[key] for item in desired}) != len(desired):
        return len(live) == len(desired) and all(_covers(a, b, field) for a, b in zip(live, desired, strict=True))
    # Lists of named items are merged by name: items that others have added stay.
    by_key = {item[key]: item for item in live if isinstance(item, Mapping) and key in item}
    return all(_covers(by_key.get(item[key]), item, field) for item in desired)


def _amount(quantity: Any) -> Decimal | None:
    """The value of `quantity`: the API server rewrites `1000m` to `1`."""
    try:
        return parse_quantity(str(quantity))
    except ValueError:
        return None
