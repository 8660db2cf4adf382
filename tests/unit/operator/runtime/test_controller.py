"""The threads that reconcile pipelines."""

import threading
from types import SimpleNamespace
from typing import Any, cast

from darkroom_operator.kube.errors import NotLeader
from darkroom_operator.kube.keys import PipelineKey
from darkroom_operator.reconcile.reconciler import Outcome
from darkroom_operator.runtime.controller import Controller
from darkroom_operator.runtime.metrics import Metrics
from darkroom_operator.runtime.work_queue import WorkQueue


def test_a_pipeline_is_reconciled_again_if_the_lease_was_renewed_late() -> None:
    key, queue, reconciled = PipelineKey("demo", "digits"), WorkQueue(), threading.Event()

    def reconcile(_: PipelineKey) -> Outcome:
        if not late:
            late.append(True)
            raise NotLeader
        reconciled.set()
        return Outcome("ready")

    late: list[bool] = []
    controller = Controller(
        queue,
        cast("Any", SimpleNamespace(is_filled=lambda: True)),
        cast("Any", SimpleNamespace(reconcile=reconcile)),
        Metrics(),
        is_leader=lambda: True,
        threads=1,
        stall_s=60.0,
    )
    queue.add(key)
    controller.start()
    try:
        assert reconciled.wait(20)
    finally:
        controller.stop()
