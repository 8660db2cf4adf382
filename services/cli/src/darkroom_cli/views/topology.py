"""A pipeline's topology as a tree, a Mermaid diagram and a JSON document."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.markup import escape
from rich.tree import Tree

from darkroom.topology import StagePlan, Topic, Topology

_UNITS_MS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000))


def as_tree(topology: Topology) -> Tree:
    """The topology for a terminal."""
    root = Tree(f"[bold]{topology.namespace}/{topology.pipeline}")
    root.add(_topic_line("images", topology.images))
    for stage in topology.stages:
        spec, workers = stage.spec, _count(stage.replicas, "worker")
        branch = root.add(f"stage [bold]{stage.name}[/]: {spec.output.type}, {spec.mode}, {spec.delivery}, {workers}")
        branch.add(f"model {escape(stage.spec.model.uri)}")
        branch.add(f"reads [cyan]{stage.images_topic}[/] as {stage.group_type} group [cyan]{stage.group}[/]")
        branch.add(_topic_line("results", stage.results))
        branch.add(_topic_line("dead letters", stage.dead_letters))
    return root


def as_mermaid(topologies: Sequence[Topology]) -> str:
    """The topologies as one Mermaid flow chart."""
    return "\n".join(
        ["flowchart LR", *(line for i, topology in enumerate(topologies) for line in _flow(topology, f"p{i}"))]
    )


def as_document(topology: Topology) -> dict[str, Any]:
    """The topology as JSON."""
    return {
        "namespace": topology.namespace,
        "pipeline": topology.pipeline,
        "images": _topic(topology.images),
        "stages": [
            {
                "name": stage.name,
                "mode": stage.spec.mode,
                "consumerGroup": stage.group,
                "replicas": stage.replicas,
                "delivery": stage.spec.delivery,
                "model": stage.spec.model.uri,
                "output": stage.spec.output.type,
                "results": _topic(stage.results),
                "deadLetters": _topic(stage.dead_letters),
            }
            for stage in topology.stages
        ],
    }


def _topic(topic: Topic) -> dict[str, Any]:
    return {
        "topic": topic.name,
        "partitions": topic.partitions,
        "replicas": topic.replicas,
        "config": dict(topic.config),
    }


def _topic_line(role: str, topic: Topic) -> str:
    kept = topic.config.get("retention.ms", "")
    retention = "kept forever" if kept == "-1" else f"kept {_duration(int(kept))}"
    return (
        f"{role} [cyan]{topic.name}[/]: {_count(topic.partitions, 'partition')}, "
        f"{_count(topic.replicas, 'replica')}, {retention}"
    )


def _flow(topology: Topology, prefix: str) -> Iterator[str]:
    images = f"{prefix}_images"
    yield f'  {prefix}_client(["ingestion service"]) --> {images}'
    yield f'  {images}[("{topology.images.name}<br/>{_count(topology.images.partitions, "partition")}")]'
    for i, stage in enumerate(topology.stages):
        yield from _stage_flow(stage, images, f"{prefix}_s{i}")


def _stage_flow(stage: StagePlan, images: str, node: str) -> Iterator[str]:
    workers = _count(stage.replicas, "worker")
    yield f'  {images} -->|"group {stage.group}"| {node}["stage {stage.name}<br/>{workers}"]'
    yield f'  {node} --> {node}_results[("{stage.results.name}")]'
    yield f'  {node} -.->|"failed images"| {node}_dead[("{stage.dead_letters.name}")]'


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _duration(milliseconds: int) -> str:
    for unit, size in _UNITS_MS:
        if milliseconds % size == 0 and milliseconds >= size:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"
