"""The sources of a stage's model, labels and self-tests, checked as far as the operator can read them."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from darkroom.api.environment import REFUSAL, Variable, is_protected
from darkroom.api.pipeline import ImagePipeline, Stage
from darkroom.api.uris import FETCHED, uses_plain_http
from darkroom_operator.builders.workload import Fetched, ModelFiles, MountedFile
from darkroom_operator.cluster.world import World
from darkroom_operator.kube.keys import PipelineKey
from darkroom_operator.status.findings import Finding

HTTPS_PORT = 443
ENDPOINTS = {
    "s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "FSSPEC_S3_ENDPOINT_URL"),
    "hf": ("HF_ENDPOINT",),
}
"""By scheme, environment variables that name another server than Amazon's or Hugging Face's."""

_VARIABLE = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
"""Names of variables that every version of Kubernetes accepts."""


class UnusableModel(Exception):
    """A model, or an object that is needed to download it, does not exist or has a different checksum."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


def model_files(pipeline: ImagePipeline, stage: Stage, world: World) -> ModelFiles:
    """The sources of the model, the labels and the self-tests of `stage`.

    Raises:
        UnusableModel: a source does not exist or has a different checksum.
    """
    model = _source(pipeline, stage, "model", stage.model.uri, stage.model.sha256, world)
    labels_uri = stage.output.labels_uri
    labels = None if labels_uri is None else _source(pipeline, stage, "labels", labels_uri, None, world)
    self_tests = [
        _source(pipeline, stage, "self-test image", test.image, test.sha256, world) for test in stage.self_test
    ]
    return ModelFiles(model, labels, tuple(self_tests))


def credential_names(pipeline: ImagePipeline, stage: Stage, world: World) -> tuple[str, ...]:
    """The keys of the Secret of `model.secret` that become environment variables.

    Raises:
        UnusableModel: the Secret does not exist or has a key that a pipeline may not set.
    """
    if stage.model.secret is None:
        return ()
    about = f'stage "{stage.name}": model {stage.model.uri}'
    keys = sorted(_credentials(pipeline, stage, about, world))
    if wrong := next(filter(is_protected, keys), None):
        raise _missing("SecretKeyInvalid", f"{about}: Secret {stage.model.secret.name} has a key {wrong}: {REFUSAL}")
    return tuple(key for key in keys if _VARIABLE.fullmatch(key))


def source_port(about: str, uri: str, env: Iterable[Variable], credentials: Mapping[str, bytes]) -> int:
    """The port of the server that `uri` is downloaded from. `env` and `credentials` may name the endpoint.

    Raises:
        UnusableModel: a URL cannot be parsed.
    """
    scheme, _, location = uri.partition("://")
    if scheme == "https":
        return _port_of(about, "the URI", uri)
    variables = {name: value.decode(errors="replace") for name, value in credentials.items()}
    variables |= {variable.name: variable.value or "" for variable in env}
    if scheme == "oci":
        registry = location.partition("/")[0]
        plain = uses_plain_http(registry, variables)
        return _port_of(about, "the URI", f"{'http' if plain else 'https'}://{registry}")
    for name in ENDPOINTS.get(scheme, ()):
        if endpoint := variables.get(name):
            return _port_of(about, name, endpoint)
    return HTTPS_PORT


def _source(
    pipeline: ImagePipeline, stage: Stage, role: str, uri: str, sha256: str | None, world: World
) -> MountedFile | Fetched:
    about = f'stage "{stage.name}": {role} {uri}'
    scheme, _, location = uri.partition("://")
    if scheme == "configmap":
        name, _, config_key = location.partition("/")
        found = _config_map_digest(pipeline, about, name, config_key, world)
        if sha256 is not None and found != sha256:
            raise _missing("ModelChecksumMismatch", f"{about}: sha256 is {found}, the pipeline says {sha256}")
        items = [{"key": config_key, "path": config_key}]
        return MountedFile({"configMap": {"name": name, "items": items}}, config_key, found[:16])
    if scheme == "pvc":
        claim, _, path = location.partition("/")
        return MountedFile({"persistentVolumeClaim": {"claimName": claim, "readOnly": True}}, path)
    if scheme in FETCHED:
        return Fetched(source_port(about, uri, stage.template.env, _credentials(pipeline, stage, about, world)))
    raise _missing(
        "ModelNotFound",
        f"{about}: workers in a cluster cannot read a local file: use configmap://, pvc://, https://, "
        "s3://, gs://, hf:// or oci://",
    )


def _config_map_digest(pipeline: ImagePipeline, about: str, name: str, config_key: str, world: World) -> str:
    key = PipelineKey(pipeline.namespace, pipeline.name)
    digests = world.references.config_map_digests(key, pipeline.namespace, name)
    if digests is None:
        raise _missing(
            "ModelNotFound", f"{about}: there is no ConfigMap {name} in namespace {pipeline.namespace}: create it"
        )
    if config_key not in digests:
        raise _missing("ModelNotFound", f"{about}: ConfigMap {name} has no key {config_key}: add it")
    return digests[config_key]


def _credentials(pipeline: ImagePipeline, stage: Stage, about: str, world: World) -> Mapping[str, bytes]:
    if stage.model.secret is None:
        return {}
    name = stage.model.secret.name
    content = world.references.secret(PipelineKey(pipeline.namespace, pipeline.name), pipeline.namespace, name)
    if content is None:
        raise _missing(
            "SecretNotFound", f"{about}: there is no Secret {name} in namespace {pipeline.namespace}: create it"
        )
    return content


def _port_of(about: str, what: str, url: str) -> int:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _missing("InvalidSpec", f"{about}: {what} is not a valid URL: {error}") from error
    return port or (80 if parts.scheme == "http" else HTTPS_PORT)


def _missing(reason: str, message: str) -> UnusableModel:
    return UnusableModel(Finding(ready=False, reason=reason, message=message, retry=True))
