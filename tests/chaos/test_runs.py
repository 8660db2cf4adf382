"""A short run with real brokers, workers and faults, and a run with a faulty worker that must be detected."""

from pathlib import Path

import pytest

from tests.chaos.kafka import Kafka, three_brokers
from tests.chaos.plans import SHORT, WRONG
from tests.chaos.run import run
from tests.chaos.verdict.report import report
from tests.support.kafka import SharedKafka


@pytest.mark.chaos
@pytest.mark.timeout(900)
def test_nothing_is_lost_out_of_order_or_stuck_under_faults(tmp_path: Path) -> None:
    with three_brokers(tmp_path) as kafka:
        outcome = run(SHORT, kafka, tmp_path)
    text = report(outcome)
    print(text)
    assert not outcome.violations, text
    assert len(outcome.evidence.acknowledged) >= SHORT.images
    assert {strike.name for strike in outcome.strikes} >= {
        "SIGKILL a worker",
        "SIGSTOP a worker past its session",
        "SIGKILL a process of a worker",
        "SIGKILL a broker",
        "SIGKILL the ingestion service",
        "cut the network to a broker",
        "a worker joins",
    }


@pytest.mark.timeout(600)
def test_workers_that_commit_before_they_publish_are_detected(kafka: SharedKafka, tmp_path: Path) -> None:
    outcome = run(WRONG, Kafka.existing(kafka.bootstrap_servers), tmp_path)
    assert not outcome.evidence.problems, "the workers must run, and differ only in when they commit"
    lost = [violation for violation in outcome.violations if violation.kind == "Unanswered"]
    assert lost, report(outcome)
    assert all(violation.what.startswith("atleast: ") for violation in lost), report(outcome)
