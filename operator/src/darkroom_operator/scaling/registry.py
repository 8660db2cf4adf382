"""What the reconciler and the autoscaler know of each other: stages to scale, and the last decisions. Thread-safe."""

import threading
from collections.abc import Mapping

from darkroom_operator.kube.keys import PipelineKey
from darkroom_operator.scaling.report import StageReport
from darkroom_operator.scaling.targets import Target


class Registry:
    """The targets of every pipeline, from its last reconciliation, and the last report of every stage."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._targets: dict[PipelineKey, tuple[Target, ...]] = {}
        self._reports: dict[PipelineKey, dict[str, StageReport]] = {}

    def put(self, key: PipelineKey, targets: tuple[Target, ...]) -> None:
        """Set the targets of the pipeline `key`; reports of other stages are dropped."""
        with self._lock:
            if not targets:
                self._forget(key)
                return
            self._targets[key] = targets
            stages = {target.stage for target in targets}
            kept = {stage: report for stage, report in self._reports.get(key, {}).items() if stage in stages}
            self._reports[key] = kept

    def forget(self, key: PipelineKey) -> None:
        """Remove the pipeline `key`."""
        with self._lock:
            self._forget(key)

    def clear(self) -> None:
        """Remove everything: another replica decides and reports."""
        with self._lock:
            self._targets.clear()
            self._reports.clear()

    def targets(self) -> list[Target]:
        """Every target."""
        with self._lock:
            return [target for targets in self._targets.values() for target in targets]

    def note(self, target: Target, report: StageReport) -> None:
        """Record the last decision for `target`, unless its pipeline was removed meanwhile."""
        with self._lock:
            if target.pipeline in self._targets:
                self._reports[target.pipeline][target.stage] = report

    def reports(self, key: PipelineKey) -> Mapping[str, StageReport]:
        """The last report of each stage of the pipeline `key` that has one."""
        with self._lock:
            return dict(self._reports.get(key, {}))

    def all_reports(self) -> list[tuple[PipelineKey, str, StageReport]]:
        """Every report with its pipeline and stage."""
        with self._lock:
            return [(key, stage, report) for key, of in self._reports.items() for stage, report in of.items()]

    def _forget(self, key: PipelineKey) -> None:
        self._targets.pop(key, None)
        self._reports.pop(key, None)
