"""`darkroom trace`."""

from typing import Annotated, Any

import typer

from darkroom_cli.commands.connection import Connection, connects
from darkroom_cli.commands.options import DATA_DIR, AsJson, BootstrapServers, DataDir, KafkaConfig, PipelineName


@connects
def trace(
    image: Annotated[str, typer.Argument(metavar="IMAGE-ID", help="The image's id, as `darkroom submit` prints it.")],
    *,
    pipeline: PipelineName = None,
    as_json: AsJson = False,
    from_kafka: Annotated[
        bool, typer.Option("--from-kafka", help="Search Kafka's log, without the ingestion service.")
    ] = False,
    bootstrap_servers: BootstrapServers = None,
    kafka_config: KafkaConfig = None,
    data_dir: DataDir = DATA_DIR,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="With --from-kafka: search from this time on (RFC 3339); by default from the time in the id.",
            show_default=False,
        ),
    ] = None,
    max_records: Annotated[
        int, typer.Option(min=1, help="With --from-kafka: the maximum number of records to read.")
    ] = 1_000_000,
    connection: Connection,
) -> None:
    """Show what happened to an image: when it was received, analysed, failed and redriven, and its records.

    With --from-kafka, it reads the topics themselves, from the time in the image's id on.
    """
    from darkroom_cli.views.output import answer, answer_json, stdout_console
    from darkroom_cli.views.trace import heading, steps_table, waiting

    if from_kafka:
        from darkroom_cli.runner.known_kafka import kafka_settings
        from darkroom_cli.sessions.log_trace import since_ms, trace_from_log

        found = trace_from_log(
            {
                "kafka": kafka_settings(bootstrap_servers, kafka_config, data_dir),
                "pipeline": pipeline,
                "imageId": image,
                "sinceMs": since_ms(since),
                "mostRecords": max_records,
            }
        )
    else:
        found = _from_service(image, pipeline, connection)
    if as_json:
        answer_json(found)
        return
    answer(heading(found))
    stdout_console().print(steps_table(found))
    if found["waiting"]:
        answer(waiting(found))


def _from_service(image: str, pipeline: str | None, connection: Connection) -> dict[str, Any]:
    from urllib.parse import quote

    from darkroom_cli.client.pipelines import choose
    from darkroom_cli.sessions.connect import connected

    with connected(connection.target()) as service:
        chosen = choose(service, pipeline)
        found: dict[str, Any] = service.get(f"{chosen.path}/images/{quote(image, safe='')}/trace").json()
        return found
