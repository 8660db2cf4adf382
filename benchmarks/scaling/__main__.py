"""Darkroom's scaling rule and one like KEDA's on simulated stages: `python -m benchmarks.scaling`.

The rows of a round have the same seed, so that both rules get the same images. With `--real`, instead: a burst of
20,000 images into `darkroom up`, from no worker and back to none (minutes; `benchmarks/results/scaling-real.json`).
"""

import argparse

from benchmarks.measuring.command import parser_of, run
from benchmarks.measuring.machine import Machine
from benchmarks.measuring.report import Report
from benchmarks.scaling.real import measure_real
from benchmarks.scaling.rows import comparisons, figures, plots
from benchmarks.scaling.rules import Darkroom, Keda
from benchmarks.scaling.run import simulate
from benchmarks.scaling.traces import TRACES

_SMOKE_S = 400
_CONDITIONS = (
    "Simulated in steps of a second; a round is a seed. 12 partitions; at most 12 workers of 10 images/s (slow model: "
    "0.2), which are ready after 10 s where nothing else is said; drainTarget 60 s."
)
_BASELINE = (
    "KEDA-like: lagThreshold 600 (what a worker analyses in drainTarget), pollingInterval 30 s, cooldownPeriod 300 s, "
    "an HPA every 15 s without `behavior`, as KEDA makes it: tolerance 10 %, stabilization 300 s, one step up to twice "
    "as many or to four."
)
_REASON = (
    "The KEDA-like rule needs a backlog to keep workers, which are busy all the time. A utilisation of 75 % takes 1.33 "
    "times its pod-hours at a steady rate, and on 12 partitions 7 to 11 workers carry no more than 6 do. No rule that "
    "always carries the rate at this utilisation has fewer than `fewest pod-hours at 0.75`, and at any utilisation, "
    "none has fewer than `fewest pod-hours, always busy`. `Changes with known rates` is how often the thresholds and "
    "delays of the rule change the number of workers without chance and estimates."
)


def main() -> None:
    """Simulate all traces, or send a real burst."""
    parser = parser_of(__doc__, rounds=5)
    parser.add_argument("--real", action="store_true", help="send a burst into `darkroom up` instead")
    run(parser, lambda options, machine: (measure_real if options.real else measure)(options, machine))


def measure(options: argparse.Namespace, machine: Machine) -> Report:
    """Simulate each trace with each rule and seed."""
    seconds = _SMOKE_S if options.smoke else None
    ours, theirs = (
        {
            trace.name: [simulate(trace, rule, seed, seconds=seconds) for seed in range(options.rounds)]
            for trace in TRACES
        }
        for rule in (Darkroom, Keda)
    )
    return Report(
        benchmark="scaling",
        machine=machine,
        smoke=options.smoke,
        comparisons=comparisons(ours, theirs),
        figures=figures(ours, theirs),
        plots=plots(ours, theirs),
        notes=[_CONDITIONS, _BASELINE, _REASON],
    )


if __name__ == "__main__":
    main()
