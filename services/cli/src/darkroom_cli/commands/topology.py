"""`darkroom topology`."""

from typing import Annotated

import typer

from darkroom_cli.commands.options import AsJson, Manifests
from darkroom_cli.exit_codes import InvalidInput
from darkroom_cli.views.output import answer, answer_json, stdout_console


def topology(
    manifests: Manifests,
    *,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Print a Mermaid diagram instead of a tree.")] = False,
    asyncapi: Annotated[
        bool, typer.Option("--asyncapi", help="Print an AsyncAPI 3.0 document with the schemas of the records.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the topics, consumer groups and stages of pipelines."""
    from darkroom.asyncapi.document import asyncapi_document
    from darkroom.topology import topology as topology_of
    from darkroom_cli.manifests.bundle import load_bundle
    from darkroom_cli.views.topology import as_document, as_mermaid, as_tree

    bundle = load_bundle(manifests)
    if bundle.problems:
        raise InvalidInput("\n".join(str(problem) for problem in bundle.problems))
    if not bundle.pipelines:
        raise InvalidInput(f"no ImagePipeline in {', '.join(map(str, manifests))}")
    topologies = [topology_of(loaded.pipeline) for loaded in bundle.pipelines]
    if asyncapi:
        answer_json(asyncapi_document(topologies))
    elif as_json:
        answer_json([as_document(one) for one in topologies])
    elif mermaid:
        answer(as_mermaid(topologies))
    else:
        for one in topologies:
            stdout_console().print(as_tree(one))
