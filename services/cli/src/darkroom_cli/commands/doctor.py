"""`darkroom doctor`."""

from pathlib import Path
from typing import Annotated

import typer

from darkroom_cli.commands.connection import Connection, connects
from darkroom_cli.commands.options import DATA_DIR, AsJson, BootstrapServers, DataDir, KafkaConfig
from darkroom_cli.exit_codes import ExitCode


@connects
def doctor(
    *,
    file: Annotated[
        list[Path] | None,
        typer.Option(
            "--file", "-f", metavar="PIPELINE.yaml", help="Manifest to compare Kafka's topics with; can be repeated."
        ),
    ] = None,
    bootstrap_servers: BootstrapServers = None,
    kafka_config: KafkaConfig = None,
    data_dir: DataDir = DATA_DIR,
    port: Annotated[
        int, typer.Option(min=1, max=65_535, help="Port of the ingestion service, as of `darkroom up`.")
    ] = 8080,
    as_json: AsJson = False,
    connection: Connection,
) -> None:
    """Check this machine, a manifest, Kafka and a Kubernetes cluster, and say what to do about each problem.

    Exit code 1 if there is a problem. Checks the cluster with --context or -n, the ingestion service with --url.
    """
    from darkroom_cli.sessions.doctor import examine
    from darkroom_cli.views.findings import finding_row, summary
    from darkroom_cli.views.output import answer, answer_json, stdout_console

    findings = []
    console = stdout_console()
    for finding in examine(
        file or [],
        bootstrap_servers=bootstrap_servers,
        kafka_config=kafka_config,
        data_dir=data_dir,
        port=port,
        target=connection.target() if connection.is_given else None,
    ):
        findings.append(finding)
        if not as_json:
            console.print(finding_row(finding))
    failed = any(finding.state == "Problem" for finding in findings)
    if as_json:
        answer_json({"ok": not failed, "checks": [finding.as_document() for finding in findings]})
    else:
        answer(f"\n{summary(findings)}")
    if failed:
        raise typer.Exit(ExitCode.FAILED)
