"""Class names: those of the stage, which have to fit the model, else those in the model file, if they fit."""

from collections.abc import Sequence

from darkroom_vision.heads.trial import Trial

_BACKGROUND = {"__background__", "background"}


def class_labels(trial: Trial, own: Sequence[str], classes: int | None) -> tuple[str, ...]:
    """The class names, or none. `classes` is the number of classes; None if it is unknown.

    Raises:
        ModelMismatch: the stage names more or fewer classes than the model has.
    """
    if own:
        if classes is not None and len(own) != classes:
            raise trial.mismatch(
                f"its output has {classes} classes, output.labels names {len(own)}: name all of them, "
                "or correct output.format"
            )
        return tuple(own)
    names = trial.metadata.names
    return names if classes is None or len(names) == classes else ()


def without_background(labels: tuple[str, ...]) -> tuple[str, ...]:
    """The names from class 1 on, for a model whose class 0 is the background."""
    return labels[1:] if labels and labels[0].lower() in _BACKGROUND else labels
