"""Decisions about a Kafka: its brokers, its topics compared with the manifest, rights, and sizes. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from darkroom.topology import Topic, Topology
from darkroom_cli.doctor.finding import Finding

_NEEDED = {
    "images": {"Read", "Write", "Describe"},
    "results": {"Read", "Describe"},
    "dead-letters": {"Read", "Describe"},
}
"""What a client and the ingestion service do with the topics of each role."""
_SIZE = "max.message.bytes"


@dataclass(frozen=True)
class Broker:
    """A broker as its cluster advertises it. `problem` says why it can't be connected to; None if it can."""

    id: int
    address: str
    problem: str | None


@dataclass(frozen=True)
class TopicSeen:
    """A topic in Kafka.

    Attributes:
        partitions: their number.
        replicas: the replication factor.
        config: the settings that apply, with the defaults of the broker.
        operations: what this client may do; None if it is unknown.
    """

    partitions: int
    replicas: int
    config: Mapping[str, str]
    operations: frozenset[str] | None


@dataclass(frozen=True)
class KafkaSeen:
    """What a probe found. `problem` says why Kafka does not respond; then nothing else is known.

    Attributes:
        address: the bootstrap servers.
        brokers: all of them.
        topics: those of the manifest that exist.
        share_groups: why there are no share groups; None if there are, or if it is unknown.
        request_bytes: the smallest `socket.request.max.bytes` of a broker; None if it is unknown.
    """

    address: str
    problem: str | None = None
    brokers: tuple[Broker, ...] = ()
    topics: Mapping[str, TopicSeen] | None = None
    request_bytes: int | None = None
    share_groups: str | None = None


def reachability_finding(seen: KafkaSeen) -> Finding:
    """Whether Kafka responds, and all of its brokers can be connected to."""
    if seen.problem is not None:
        return Finding(
            "Kafka",
            "Problem",
            f"{seen.address} does not respond: {seen.problem}",
            "check the address, that a broker runs there, firewalls, and TLS and SASL in --kafka-config",
        )
    lost = [broker for broker in seen.brokers if broker.problem is not None]
    if lost:
        brokers = ", ".join(f"{broker.address} (broker {broker.id}: {broker.problem})" for broker in lost)
        return Finding(
            "Kafka",
            "Problem",
            f"{seen.address} responds, but of its {len(seen.brokers)} brokers these can't be reached: {brokers}",
            "correct advertised.listeners of the brokers: clients connect to these addresses",
        )
    return Finding("Kafka", "Ok", f"{seen.address} responds; {len(seen.brokers)} broker(s), all can be reached")


def share_group_findings(plan: Topology, seen: KafkaSeen) -> list[Finding]:
    """Whether Kafka has the share groups that stages with mode Queue need. Nothing for a pipeline without them."""
    queues = [stage.name for stage in plan.stages if stage.share_group is not None]
    if not queues:
        return []
    stages = f"{plan.namespace}/{plan.pipeline} {', '.join(queues)}"
    if seen.share_groups is not None:
        return [Finding("share groups", "Problem", seen.share_groups, f"or use mode Ordered for {stages}")]
    return [Finding("share groups", "Ok", f"available for mode Queue (preview) of {stages}")]


def topic_findings(plan: Topology, seen: KafkaSeen) -> list[Finding]:
    """Compare the topics of a pipeline with the manifest: existence, partitions, settings, rights, sizes."""
    found: list[Finding] = []
    topics = seen.topics or {}
    if missing := [topic.name for topic in plan.topics if topic.name not in topics]:
        found.append(
            Finding(
                "topics",
                "Warning",
                f"missing, or you may not describe them: {', '.join(missing)}",
                "the operator or `darkroom up` creates them when the pipeline is applied",
            )
        )
        if too_few := _too_few_brokers(plan, missing, len(seen.brokers)):
            found.append(too_few)
    for topic in plan.topics:
        if topic.name in topics:
            found += _topic(topic, topics[topic.name], seen.request_bytes)
    if not any(finding.state == "Problem" for finding in found) and not missing:
        found.append(Finding("topics", "Ok", f"{len(plan.topics)} topics of {plan.namespace}/{plan.pipeline} exist"))
    return found


def _topic(wanted: Topic, seen: TopicSeen, request_bytes: int | None) -> Iterable[Finding]:
    check = f"topic {wanted.name}"
    if seen.partitions != wanted.partitions:
        advice = (
            f"set its partitions to {seen.partitions} in the manifest: partitions can't be removed"
            if seen.partitions > wanted.partitions
            else "apply the manifest: the operator or `darkroom up` adds partitions"
        )
        state = f"{seen.partitions} partitions, but the manifest says {wanted.partitions}"
        yield Finding(check, "Problem" if seen.partitions > wanted.partitions else "Warning", state, advice)
    differing = {key: value for key, value in wanted.config.items() if seen.config.get(key, value) != value}
    size = differing.pop(_SIZE, None)
    if differing:
        shown = ", ".join(f"{key} is {seen.config[key]} instead of {value}" for key, value in differing.items())
        yield Finding(check, "Warning", shown, "apply the manifest again; somebody has changed the topic since")
    if size is not None:
        yield _size(check, wanted, int(size), int(seen.config[_SIZE]))
    if wanted.role == "images" and request_bytes is not None and int(wanted.config[_SIZE]) > request_bytes:
        yield Finding(
            check,
            "Problem",
            f"images of this size need requests of {int(wanted.config[_SIZE]):,} bytes, but brokers accept "
            f"{request_bytes:,} (socket.request.max.bytes)",
            "lower images.maxBytes, or raise socket.request.max.bytes of the brokers",
        )
    if seen.operations is not None and (lacking := sorted(_NEEDED[wanted.role] - seen.operations)):
        yield Finding(
            check,
            "Problem",
            f"you may not {', '.join(lacking)}",
            "grant these operations to the user in --kafka-config",
        )


def _size(check: str, wanted: Topic, need: int, accepted: int) -> Finding:
    field = "images.maxBytes" if wanted.role == "images" else "max.message.bytes"
    message = f"max.message.bytes is {accepted:,}, but the manifest needs {need:,}"
    if accepted >= need:
        return Finding(check, "Warning", message, "apply the manifest again to lower it")
    return Finding(check, "Problem", message, f"apply the manifest again to raise it, or lower {field}")


def _too_few_brokers(plan: Topology, missing: list[str], brokers: int) -> Finding | None:
    most = max(topic.replicas for topic in plan.topics if topic.name in missing)
    if most <= brokers:
        return None
    return Finding(
        "replicas",
        "Warning",
        f"the manifest asks for {most} replicas, and Kafka has {brokers} broker(s)",
        "`darkroom up` uses fewer replicas; for the operator, lower images.replicas or add brokers",
    )
