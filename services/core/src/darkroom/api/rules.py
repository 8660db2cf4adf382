"""Validation rules that a type cannot express, each as CEL for the API server and as Python for all other callers.

Both forms share one message, so `kubectl apply`, `darkroom validate` and the status report the same text.
"""

import re
from collections.abc import Iterator, Mapping

from darkroom.api.execution import Precision, Provider
from darkroom.api.pipeline import ImagePipeline, PipelineSpec
from darkroom.api.quantities import parse_size
from darkroom.api.rule import RESULTS_NOT_COMPACTED, ChangeRule, Path, Rule, compacts_results, stages
from darkroom.api.stage_rules.autoscaling import AUTOSCALING_RULES
from darkroom.api.stage_rules.input import INPUT_RULES
from darkroom.api.stage_rules.mode import MODE_RULES
from darkroom.api.stage_rules.output import OUTPUT_RULES
from darkroom.api.stage_rules.template import TEMPLATE_RULES
from darkroom.api.topics import TopicConfig


def _two_kafkas(pipeline: ImagePipeline) -> Iterator[Path]:
    kafka = pipeline.spec.kafka
    if (kafka.cluster is None) == (kafka.bootstrap_servers is None):
        yield "spec.kafka"


def _strimzi_with_credentials(pipeline: ImagePipeline) -> Iterator[Path]:
    kafka = pipeline.spec.kafka
    if kafka.cluster is not None and (kafka.tls is not None or kafka.authentication is not None):
        yield "spec.kafka"


def _client_certificate_without_tls(pipeline: ImagePipeline) -> Iterator[Path]:
    kafka = pipeline.spec.kafka
    if kafka.authentication is not None and kafka.authentication.type == "Tls" and kafka.tls is None:
        yield "spec.kafka"


def _same_stage_name(pipeline: ImagePipeline) -> Iterator[Path]:
    seen: set[str] = set()
    for i, stage in enumerate(pipeline.spec.stages):
        if stage.name in seen:
            yield f"spec.stages[{i}].name"
        seen.add(stage.name)


def _long_name(pipeline: ImagePipeline) -> Iterator[Path]:
    # The model has the same limit; this catches a pipeline built without validation.
    if len(pipeline.name) > 40:  # noqa: PLR2004 - the CEL of the rule has the same number
        yield "metadata.name"


def _more_workers_than_partitions(pipeline: ImagePipeline) -> Iterator[Path]:
    for path, stage in stages(pipeline):
        if stage.mode == "Ordered" and (stage.replicas or 0) > pipeline.spec.images.partitions:
            yield f"{path}.replicas"
    only_queues = all(stage.mode == "Queue" for stage in pipeline.spec.stages)
    if not only_queues and pipeline.spec.replicas > pipeline.spec.images.partitions:
        yield "spec.replicas"


def _compacted_results(pipeline: ImagePipeline) -> Iterator[Path]:
    for path, stage in stages(pipeline):
        if stage.delivery == "ExactlyOnce" and compacts_results(stage):
            yield f"{path}.results.config"


def _unreachable_min_insync(pipeline: ImagePipeline) -> Iterator[Path]:
    images = pipeline.spec.images
    yield from _min_insync_above(images.replicas, images.config, "spec.images")
    for path, stage in stages(pipeline):
        for field, topic in (("results", stage.results), ("deadLetters", stage.dead_letters)):
            yield from _min_insync_above(topic.replicas or images.replicas, topic.config, f"{path}.{field}")


def _min_insync_above(replicas: int, config: TopicConfig, path: Path) -> Iterator[Path]:
    wanted = str(config.get("min.insync.replicas", ""))
    if wanted.isdigit() and int(wanted) > replicas:
        yield f"{path}.config.min.insync.replicas"


def _topics(pipeline: ImagePipeline) -> Iterator[tuple[Path, TopicConfig]]:
    yield "spec.images", pipeline.spec.images.config
    for path, stage in stages(pipeline):
        yield f"{path}.results", stage.results.config
        yield f"{path}.deadLetters", stage.dead_letters.config


def _too_large_images(pipeline: ImagePipeline) -> Iterator[Path]:
    if pipeline.spec.images.max_bytes.in_bytes > parse_size(_MAX_BYTES):
        yield "spec.images.maxBytes"


def _no_message_bytes(pipeline: ImagePipeline) -> Iterator[Path]:
    for path, config in _topics(pipeline):
        if not re.fullmatch(_MESSAGE_BYTES, str(config.get("max.message.bytes", 1))):
            yield f"{path}.config.max.message.bytes"


def _cuda_without_gpu(pipeline: ImagePipeline) -> Iterator[Path]:
    for path, stage in stages(pipeline):
        if stage.execution.provider == "Cuda" and not stage.resources.has_gpu:
            yield f"{path}.execution.provider"


def _precision_of_another_provider(pipeline: ImagePipeline) -> Iterator[Path]:
    for path, stage in stages(pipeline):
        if stage.execution.provider != _ONLY_FOR.get(stage.execution.precision, stage.execution.provider):
            yield f"{path}.execution.precision"


def _useless_or_long_window(pipeline: ImagePipeline) -> Iterator[Path]:
    for path, stage in stages(pipeline):
        batch = stage.execution.batch
        if batch.window.in_ms > (_MAX_WINDOW_MS if batch.max > 1 else 0):
            yield f"{path}.execution.batch.window"


_ONLY_FOR: Mapping[Precision, Provider] = {"TensorFloat32": "Cuda", "Bfloat16": "OpenVino"}

_MAX_WINDOW_MS = 1_000

# int() of a number or a string. Kubernetes 1.30 refuses string() and matches() of such values, as too costly: it
# ignores their maxLength. If int() fails, the API server reports the message of the rule.
_MIN_INSYNC = (
    "(!has({0}.config.min__dot__insync__dot__replicas) || int({0}.config.min__dot__insync__dot__replicas) <= {1})"
)

_MAX_BYTES = "400Mi"
"""A dead letter can be twice as large as the largest image, and librdkafka limits records to 1 GB."""

_MESSAGE_BYTES = "^([1-9][0-9]{0,8}|1000000000)$"
_VALID_MESSAGE_BYTES = (
    "(!has({0}.config.max__dot__message__dot__bytes) "
    "|| (int({0}.config.max__dot__message__dot__bytes) >= 1 "
    "&& int({0}.config.max__dot__message__dot__bytes) <= 1000000000))"
)

RULES = (
    Rule(
        at="",
        cel="size(self.metadata.name) <= 40 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
        message="metadata.name must be a DNS label of at most 40 characters, to fit in topic and pod names",
        broken=_long_name,
    ),
    Rule(
        at="spec.kafka",
        cel="has(self.cluster) != has(self.bootstrapServers)",
        message="set exactly one of cluster (Kafka managed by Strimzi) and bootstrapServers (any other Kafka)",
        broken=_two_kafkas,
    ),
    Rule(
        at="spec.kafka",
        cel="!has(self.cluster) || (!has(self.tls) && !has(self.authentication))",
        message="tls and authentication are only for bootstrapServers: with cluster, Strimzi provides them",
        broken=_strimzi_with_credentials,
    ),
    Rule(
        at="spec.kafka",
        cel="!has(self.authentication) || self.authentication.type != 'Tls' || has(self.tls)",
        message="authentication of type Tls requires tls (tls: {} uses the system's trust store)",
        broken=_client_certificate_without_tls,
    ),
    Rule(
        at="spec.stages",
        cel="self.all(a, self.exists_one(b, a.name == b.name))",
        message="stage names must be unique in the pipeline",
        broken=_same_stage_name,
    ),
    Rule(
        at="spec",
        cel="(self.replicas <= self.images.partitions || self.stages.all(s, s.mode == 'Queue')) "
        "&& self.stages.all(s, s.mode == 'Queue' || !has(s.replicas) || s.replicas <= self.images.partitions)",
        message="replicas must not exceed images.partitions, unless the stage has mode Queue: a worker without a "
        "partition would be idle",
        broken=_more_workers_than_partitions,
    ),
    Rule(
        at="spec.images",
        # The API server evaluates this on the default of `images` before it sets the defaults of the fields inside.
        cel=f"!has(self.maxBytes) || quantity(string(self.maxBytes)).compareTo(quantity('{_MAX_BYTES}')) <= 0",
        message=f"maxBytes must not exceed {_MAX_BYTES}: Kafka clients cannot send larger records",
        broken=_too_large_images,
    ),
    Rule(
        at="spec",
        cel=_VALID_MESSAGE_BYTES.format("self.images")
        + " && self.stages.all(s, "
        + " && ".join(_VALID_MESSAGE_BYTES.format(f"s.{t}") for t in ("results", "deadLetters"))
        + ")",
        message="max.message.bytes must be a number of bytes from 1 to 1000000000, without a unit",
        broken=_no_message_bytes,
    ),
    Rule(
        at="spec",
        cel=_MIN_INSYNC.format("self.images", "self.images.replicas")
        + " && self.stages.all(s, "
        + " && ".join(
            _MIN_INSYNC.format(f"s.{t}", f"(has(s.{t}.replicas) ? s.{t}.replicas : self.images.replicas)")
            for t in ("results", "deadLetters")
        )
        + ")",
        message="min.insync.replicas must not exceed the topic's replicas: no record could be acknowledged",
        broken=_unreachable_min_insync,
    ),
    Rule(
        at="spec.stages[]",
        cel=f"self.delivery != 'ExactlyOnce' || {RESULTS_NOT_COMPACTED}",
        message="ExactlyOnce is not possible with a compacted results topic: set cleanup.policy of results.config to "
        "delete",
        broken=_compacted_results,
    ),
    Rule(
        at="spec.stages[]",
        cel="self.execution.provider != 'Cuda' "
        "|| (has(self.resources.limits) && self.resources.limits.exists(name, name.startsWith('nvidia.com/')))",
        message="provider Cuda requires nvidia.com/gpu in resources.limits: without it, a worker has no GPU",
        broken=_cuda_without_gpu,
    ),
    Rule(
        at="spec.stages[].execution",
        # As for maxBytes above: the default of `execution` has no fields yet.
        cel="!has(self.precision) || self.precision in ['Auto', 'Float32'] || "
        + " || ".join(
            f"(self.precision == '{precision}' && has(self.provider) && self.provider == '{provider}')"
            for precision, provider in _ONLY_FOR.items()
        ),
        message="precision TensorFloat32 is only for provider Cuda and Bfloat16 only for OpenVino: "
        "the others compute in Float32",
        broken=_precision_of_another_provider,
    ),
    Rule(
        at="spec.stages[].execution.batch",
        cel="!has(self.window) || self.window.matches('^0+(ms|s)$') || (has(self.max) && self.max > 1 && "
        "self.window.matches('^0*(1s|1000ms|[0-9]{1,3}ms)$'))",
        message="window must be at most 1s, in milliseconds such as 5ms, and requires a max above 1",
        broken=_useless_or_long_window,
    ),
    *OUTPUT_RULES,
    *INPUT_RULES,
    *TEMPLATE_RULES,
    *AUTOSCALING_RULES,
    *MODE_RULES,
)


def _shrinking_partitions(old: PipelineSpec, new: PipelineSpec) -> Iterator[Path]:
    if new.images.partitions < old.images.partitions:
        yield "spec.images.partitions"


def _shrinking_stage_partitions(old: PipelineSpec, new: PipelineSpec) -> Iterator[Path]:
    before = {stage.name: stage for stage in old.stages}
    for i, stage in enumerate(new.stages):
        if stage.name not in before:
            continue
        for field in ("results", "dead_letters"):
            was, now = getattr(before[stage.name], field).partitions, getattr(stage, field).partitions
            if was is not None and now is not None and now < was:
                yield f"spec.stages[{i}].{'results' if field == 'results' else 'deadLetters'}.partitions"


_STAGE_PARTITIONS = (
    "self.all(s, !oldSelf.exists(o, o.name == s.name && has(o.{0}.partitions) && has(s.{0}.partitions) "
    "&& s.{0}.partitions < o.{0}.partitions))"
)
SHRINKING = "partitions cannot be reduced: Kafka does not support it"

CHANGE_RULES = (
    ChangeRule(at="spec.images.partitions", cel="self >= oldSelf", message=SHRINKING, broken=_shrinking_partitions),
    ChangeRule(
        at="spec.stages",
        cel=f"({_STAGE_PARTITIONS.format('results')}) && ({_STAGE_PARTITIONS.format('deadLetters')})",
        message=SHRINKING,
        broken=_shrinking_stage_partitions,
    ),
)
