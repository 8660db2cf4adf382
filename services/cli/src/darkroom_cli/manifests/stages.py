"""The stage that `PIPELINE.yaml#STAGE` names."""

from dataclasses import dataclass
from pathlib import Path

from darkroom.api.pipeline import Stage
from darkroom_cli.exit_codes import InvalidInput
from darkroom_cli.manifests.bundle import Bundle, LoadedPipeline, load_bundle


@dataclass(frozen=True)
class ChosenStage:
    """A stage in a manifest. `number` is its position in the pipeline."""

    bundle: Bundle
    loaded: LoadedPipeline
    number: int

    @property
    def stage(self) -> Stage:
        """The stage."""
        return self.loaded.pipeline.spec.stages[self.number]


def chosen_stage(reference: str) -> ChosenStage:
    """The stage that `PIPELINE.yaml#STAGE` names; `#STAGE` is optional if there is only one.

    Raises:
        InvalidInput: the manifest is invalid, or several or no stages are meant.
    """
    path, _, name = reference.partition("#")
    bundle = load_bundle([Path(path)])
    if bundle.problems:
        raise InvalidInput("\n".join(map(str, bundle.problems)))
    stages = [
        ChosenStage(bundle, loaded, number)
        for loaded in bundle.pipelines
        for number in range(len(loaded.pipeline.spec.stages))
    ]
    found = [one for one in stages if not name or one.stage.name == name]
    if len(found) != 1:
        names = ", ".join(one.stage.name for one in stages) or "none"
        wanted = f"has no stage {name!r}" if name and not found else "has several stages that could be meant"
        raise InvalidInput(f"{path} {wanted}: give {path}#NAME with one of {names}")
    return found[0]
