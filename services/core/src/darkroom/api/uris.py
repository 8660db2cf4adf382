"""The URIs of model and label files."""

from collections.abc import Mapping
from typing import Final

FETCHED: Final = ("https", "s3", "gs", "hf", "oci")
"""The schemes of files that workers fetch themselves."""
PLAIN_HTTP_REGISTRIES: Final = "DARKROOM_PLAIN_HTTP_REGISTRIES"

_STEP = r"([^/.][^/]*|\.([^/.][^/]*)?|\.\.[^/]+)"
"""A part of a path on a volume: not `..`, which could lead to other files of the worker."""
_OCI = r"oci://[^/@#?]+/[a-z0-9][a-z0-9._/-]*(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(@sha256:[0-9a-f]{64})?(#.+)?"
URI_PATTERN = (
    rf"^(configmap://[^/]+/[^/]+|pvc://[^/]+/{_STEP}(/+{_STEP})*|(https|s3|gs)://[^/]+/.+|"
    rf"hf://[^/@]+/[^/@]+/[^@]+(@[^@]+)?|{_OCI}|file:.+)$"
)
URI_FORMS = (
    "configmap://NAME/KEY, pvc://CLAIM/PATH, https://HOST/PATH, s3://BUCKET/KEY, gs://BUCKET/KEY, "
    "hf://ORG/REPO/PATH@REVISION, oci://REGISTRY/REPOSITORY:TAG@sha256:DIGEST#PATH or file:PATH"
)


def uses_plain_http(registry: str, environment: Mapping[str, str]) -> bool:
    """Whether `registry` is one of those listed, with commas, in `DARKROOM_PLAIN_HTTP_REGISTRIES`."""
    return registry in {listed.strip() for listed in environment.get(PLAIN_HTTP_REGISTRIES, "").split(",")}
