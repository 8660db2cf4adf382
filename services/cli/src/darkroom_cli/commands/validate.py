"""`darkroom validate`."""

import typer

from darkroom_cli.commands.options import AsJson, Manifests
from darkroom_cli.exit_codes import ExitCode
from darkroom_cli.views.output import answer, answer_json, say


def validate(manifests: Manifests, *, as_json: AsJson = False) -> None:
    """Check manifests against the rules of ImagePipeline. Prints the file, line and field of every problem."""
    from darkroom_cli.manifests.bundle import load_bundle
    from darkroom_cli.manifests.documents import Finding
    from darkroom_cli.manifests.references import missing_references

    bundle = load_bundle(manifests)
    problems = bundle.problems + missing_references(bundle, in_cluster=True)
    if not bundle.pipelines and not problems:
        problems = [Finding(file, 0, "", "no ImagePipeline in it") for file in manifests]
    if as_json:
        answer_json(
            {
                "valid": not problems,
                "pipelines": [
                    {"namespace": namespace, "name": name}
                    for namespace, name in (loaded.key for loaded in bundle.pipelines)
                ],
                "problems": [problem.as_document() for problem in problems],
                "notes": [note.as_document() for note in bundle.notes],
            }
        )
    else:
        for note in bundle.notes:
            say(f"note: {note}")
        for problem in problems:
            say(str(problem))
        if not problems:
            for loaded in bundle.pipelines:
                stages = ", ".join(stage.name for stage in loaded.pipeline.spec.stages)
                answer(f"{loaded.document.file}: {'/'.join(loaded.key)} is valid (stages: {stages})")
    if problems:
        raise typer.Exit(ExitCode.INVALID)
