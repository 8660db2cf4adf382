"""A run of `darkroom doctor`: every check, in order, with its finding."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx

from darkroom.topology import Topology, topology
from darkroom_cli.client.target import ClusterTarget, Target, UrlTarget
from darkroom_cli.doctor.access import check_access
from darkroom_cli.doctor.finding import Finding
from darkroom_cli.doctor.kafka_decisions import reachability_finding, share_group_findings, topic_findings
from darkroom_cli.doctor.kafka_probe import probe_kafka
from darkroom_cli.doctor.machine import check_machine, clock_difference_s, clock_finding
from darkroom_cli.exit_codes import InvalidInput
from darkroom_cli.manifests.bundle import load_bundle
from darkroom_cli.runner.known_kafka import BOOTSTRAP, kafka_settings
from darkroom_cli.sessions.connect import connected

_TIMEOUT_S = 5.0


def examine(
    files: Sequence[Path],
    *,
    bootstrap_servers: str | None,
    kafka_config: Path | None,
    data_dir: Path,
    port: int,
    target: Target | None,
) -> Iterator[Finding]:
    """Check everything. Yields findings as soon as they are known.

    Args:
        files: manifests.
        bootstrap_servers: the Kafka; None for that of the manifests, or of `darkroom up`.
        kafka_config: settings of its client.
        data_dir: the data folder of `darkroom up`.
        port: the port of the ingestion service of `darkroom up`.
        target: the ingestion service to check; None for none.

    Raises:
        InvalidInput: `kafka_config` can't be read.
    """
    yield from check_machine(data_dir, port)
    bundle = load_bundle(files)
    for problem in bundle.problems:
        yield Finding("manifest", "Problem", str(problem), "correct it; `darkroom validate` checks it again")
    for loaded in bundle.pipelines:
        yield Finding("manifest", "Ok", f"{loaded.document.file}: {'/'.join(loaded.key)} is valid")
    plans = [topology(loaded.pipeline) for loaded in bundle.pipelines]
    own = next((one.pipeline.spec.kafka.bootstrap_servers for one in bundle.pipelines), None)
    yield from _kafka(plans, bootstrap_servers, own, kafka_config, data_dir)
    pipelines = ["/".join(loaded.key) for loaded in bundle.pipelines]
    match target:
        case ClusterTarget():
            from darkroom_cli.doctor.cluster import check_cluster  # noqa: PLC0415 - it takes half a second to import

            yield from check_cluster(target, pipelines)
        case UrlTarget():
            yield from _service(target, pipelines)


def _kafka(
    plans: Sequence[Topology], wanted: str | None, of_manifest: str | None, config: Path | None, data_dir: Path
) -> Iterator[Finding]:
    try:
        settings = kafka_settings(wanted, config, data_dir)
    except InvalidInput:
        if config is not None:
            raise
        if of_manifest is None:
            advice = "give it with --bootstrap-servers, or the data folder of a `darkroom up` with --data-dir"
            yield Finding("Kafka", "Skipped", "no address is known", advice)
            return
        settings = {BOOTSTRAP: of_manifest}
    seen = probe_kafka(settings, [topic.name for plan in plans for topic in plan.topics])
    reachable = reachability_finding(seen)
    yield reachable
    if reachable.state == "Ok":
        for plan in plans:
            yield from topic_findings(plan, seen)
            yield from share_group_findings(plan, seen)


def _service(target: UrlTarget, pipelines: Sequence[str]) -> Iterator[Finding]:
    url = target.url
    try:
        answer = httpx.get(f"{url.rstrip('/')}/readyz", timeout=_TIMEOUT_S)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        yield Finding(
            "ingestion service", "Problem", f"{url} does not respond: {error}", "check --url, and that it runs"
        )
        return
    if answer.is_success:
        yield Finding("ingestion service", "Ok", f"{url} is ready")
    else:
        failing = ""
        try:
            failing = "; ".join(one["message"] for one in answer.json()["checks"] if not one["ok"])
        except (ValueError, KeyError, TypeError):
            failing = f"{answer.status_code} {answer.reason_phrase}"
        yield Finding("ingestion service", "Problem", f"{url} is not ready: {failing}", "`darkroom status` has details")
    if (difference := clock_difference_s(answer.headers.get("Date", ""))) is not None:
        yield clock_finding("the ingestion service", difference)
    try:
        with connected(target) as service:
            yield from check_access(service, pipelines)
    except InvalidInput as error:
        yield Finding("access", "Problem", str(error), "correct the address or the token")
