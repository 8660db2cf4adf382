"""The manifest of a pipeline with one stage, for `darkroom init`."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from darkroom_cli.manifests.self_test_edits import SelfTestLines
from darkroom_cli.models.stage_block import StageBlock


def manifest(name: str, model: Path, target: Path, block: StageBlock, tests: Sequence[SelfTestLines] = ()) -> str:
    """The manifest as text.

    Args:
        name: the name of the pipeline.
        model: the model file.
        target: the path of the manifest.
        block: the stage.
        tests: the self-tests of the stage.
    """
    stage = [*block.lines(), *(f"  {line}" for line in _self_tests(tests))]
    return "\n".join([*_head(model, target, block), *_pipeline(name), *(f"    {line}" for line in stage)]) + "\n"


def _self_tests(tests: Sequence[SelfTestLines]) -> Iterator[str]:
    if tests:
        yield "# The results of the model when this file was written. A worker with others takes no images."
        yield "selfTest:"
    for test in tests:
        yield from (f"  {line}" for line in test.lines)


def _head(model: Path, target: Path, block: StageBlock) -> Iterator[str]:
    yield f"# A pipeline for {model.name}, written by `darkroom init`."
    yield f"# Run it on this machine: darkroom up {target.name}. All fields: docs/reference/imagepipeline.md"
    if block.questions:
        count = len(block.questions)
        yield f"# {count} {'question' if count == 1 else 'questions'} could not be answered from the file: see `# ?`."


def _pipeline(name: str) -> Iterator[str]:
    yield "apiVersion: darkroom.dev/v1alpha1"
    yield "kind: ImagePipeline"
    yield "metadata:"
    yield f"  name: {name}"
    yield "spec:"
    yield "  kafka:"
    yield "    # `darkroom up` starts its own Kafka; for Strimzi on Kubernetes: cluster: {name: …, namespace: …}"
    yield "    bootstrapServers: localhost:9092"
    yield "  stages:"
