"""Validation rules for `stages[].mode`: what share groups can't do."""

from collections.abc import Callable, Iterator

from darkroom.api.pipeline import ImagePipeline, Stage
from darkroom.api.rule import RESULTS_NOT_COMPACTED, Path, Rule, compacts_results, stages


def _rule(cel: str, message: str, broken: Callable[[Stage], bool]) -> Rule:
    def of_all_stages(pipeline: ImagePipeline) -> Iterator[Path]:
        for path, stage in stages(pipeline):
            if stage.mode == "Queue" and broken(stage):
                yield f"{path}.mode"

    return Rule("spec.stages[]", f"self.mode != 'Queue' || {cel}", message, of_all_stages)


MODE_RULES = (
    _rule(
        "self.delivery != 'ExactlyOnce'",
        "mode Queue is not possible with ExactlyOnce: share groups have no transactions. Use delivery AtLeastOnce, "
        "and drop results with a ce_id that you have seen, or mode Ordered",
        lambda stage: stage.delivery == "ExactlyOnce",
    ),
    _rule(
        RESULTS_NOT_COMPACTED,
        "mode Queue is not possible with a compacted results topic: results have no order, so that the last one of a "
        "key need not be that of the newest image. Use mode Ordered, or set cleanup.policy to delete",
        compacts_results,
    ),
    _rule(
        "!has(self.autoscaling)",
        "mode Queue is not possible with autoscaling: the lag of a share group can't be read yet. Set replicas "
        "instead, or use mode Ordered",
        lambda stage: stage.autoscaling is not None,
    ),
)
