"""`darkroom validate` and `darkroom topology`, which need no running service."""

from pathlib import Path

import pytest
import yaml

from darkroom.api.validation import parse_pipeline
from darkroom.topology import topology
from tests.support.manifests import pipeline_manifest
from tests.support.services.command_line import SAMPLE, Ran, darkroom


def validate(folder: Path, manifest: object, *options: str) -> Ran:
    file = folder / "pipeline.yaml"
    file.write_text(yaml.safe_dump(manifest), encoding="utf-8")
    return darkroom("validate", file, *options)


def test_the_sample_is_valid() -> None:
    ran = darkroom("validate", SAMPLE)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"{SAMPLE}: demo/digits is valid (stages: classify, embed)\n"


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        ({"images": {"partitons": 3}}, "spec.images.partitons", "unknown field"),
        ({"deletionPolicy": "Keep"}, "spec.deletionPolicy", "is not one of"),
        ({"stages": ["a", "b", "a"]}, "spec.stages[2].name", "stage names must be unique"),
        ({"kafka": {"cluster": {"name": "a"}, "bootstrapServers": "b:9092"}}, "spec.kafka", "exactly one of"),
        ({"images": {"retention": "a week"}}, "spec.images.retention", "is not a duration"),
    ],
)
def test_a_problem_is_one_line_with_its_path_and_exits_with_2(
    tmp_path: Path, change: dict[str, object], path: str, words: str
) -> None:
    ran = validate(tmp_path, pipeline_manifest(**change))  # type: ignore[arg-type]
    assert (ran.code, ran.out, len(ran.errors)) == (2, "", 1)
    assert f": {path}: " in ran.err
    assert words in ran.err


def test_every_problem_of_every_file_has_a_line(tmp_path: Path) -> None:
    syntax = tmp_path / "syntax.yaml"
    syntax.write_text("kind: [\n", encoding="utf-8")
    manifest = pipeline_manifest(stages=["a", "a"], images={"partitons": 3, "maxBytes": "ten"})
    file = tmp_path / "pipeline.yaml"
    file.write_text(yaml.safe_dump(manifest), encoding="utf-8")
    ran = darkroom("validate", file, syntax, tmp_path / "gone.yaml", "--json")
    assert ran.code == 2
    found = [(Path(problem["file"]).name, problem["path"]) for problem in ran.json["problems"]]
    assert found == [
        ("pipeline.yaml", "spec.images.maxBytes"),
        ("pipeline.yaml", "spec.images.partitons"),
        ("syntax.yaml", ""),
        ("gone.yaml", ""),
    ]


def test_a_file_without_a_pipeline_is_not_valid(tmp_path: Path) -> None:
    ran = validate(tmp_path, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})
    assert ran.code == 2
    assert "no ImagePipeline in it" in ran.err


def test_a_config_map_that_may_be_in_the_cluster_is_not_an_error(tmp_path: Path) -> None:
    assert validate(tmp_path, pipeline_manifest()).code == 0


def test_the_topology_shows_every_topic_group_and_stage() -> None:
    documents = list(yaml.load_all(SAMPLE.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))
    plan = topology(parse_pipeline(next(document for document in documents if document["kind"] == "ImagePipeline")))
    names = {topic.name for topic in plan.topics} | {stage.consumer_group for stage in plan.stages}
    tree, diagram = darkroom("topology", SAMPLE), darkroom("topology", SAMPLE, "--mermaid")
    document = darkroom("topology", SAMPLE, "--json").json
    assert diagram.out.startswith("flowchart LR\n")
    for name in names:
        assert name in tree.out
        assert name in diagram.out
    assert {document[0]["images"]["topic"]} | {
        stage[role]["topic"] for stage in document[0]["stages"] for role in ("results", "deadLetters")
    } == {topic.name for topic in plan.topics}
