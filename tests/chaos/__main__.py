"""`make chaos`: a long run with faults against three new brokers. Exits with 1 if a guarantee was violated."""

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.chaos.kafka import three_brokers
from tests.chaos.plans import LONG, SHORT
from tests.chaos.run import WRONG_WORKER, run
from tests.chaos.verdict.report import report


def main() -> int:
    """Run and print the report. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--short", action="store_true", help="one or two minutes, with one fault of each kind")
    parser.add_argument("--images", type=int, help="minimum number of images")
    parser.add_argument("--rate", type=float, help="images per second")
    parser.add_argument("--seed", type=int, default=1, help="seed for the choice of workers (%(default)s)")
    parser.add_argument(
        "--wrong-worker", action="store_true", help="use faulty workers, which commit before they publish"
    )
    options = parser.parse_args()
    plan = SHORT if options.short else LONG
    plan = replace(
        plan,
        images=options.images or plan.images,
        rate=options.rate or plan.rate,
        seed=options.seed,
        worker_module=WRONG_WORKER if options.wrong_worker else plan.worker_module,
    )
    folder = Path(tempfile.mkdtemp(prefix="darkroom-chaos-"))
    print(f"logs and the store: {folder}", flush=True)
    with three_brokers(folder) as kafka:
        outcome = run(plan, kafka, folder)
    print(report(outcome))
    return 1 if outcome.violations else 0


if __name__ == "__main__":
    sys.exit(main())
