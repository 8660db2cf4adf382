"""Models that output one vector per image, or one per step along a line of text."""

from darkroom.api.input import Preset
from darkroom_vision.families.evidence import Evidence, Seen
from darkroom_vision.families.family import Activation, Family

_STEPS, _VECTOR = 3, 2
"""Ranks of (N, T, C) and (N, D)."""
_LINE_HEIGHTS = range(16, 65)
_EXTRA_CHARACTERS = range(3)
"""Blank and space, which the characters in the metadata may leave out."""
_COLOURS, _PHOTO = 3, 160
_IMAGENET_CLASSES = (1_000, 1_001, 21_841, 21_843)
_EMBEDDING_NAMES = ("embed", "feature", "pooler", "pooled", "descriptor")
_SCORE_NAMES = ("logit", "prob", "score", "softmax", "class")
_EMBEDDING_SIZES = (128, 192, 256, 384, 512, 768, 1_024, 1_280, 1_536, 2_048)
_CLIP_NAMES = ("image_embeds",)
_CAFFE_PRODUCER = "caffe"


def text(evidence: Evidence) -> Family | None:
    """The family of a text recogniser: scores of characters per step along the line, for CTC; else None."""
    if len(evidence.outputs) != 1:
        return None
    (output,) = evidence.outputs
    if output.rank != _STEPS or output.kind != "float" or evidence.metadata.task is not None:
        return None
    height, width = evidence.size
    classes, characters = output.shape[2], evidence.metadata.names
    alphabet = bool(characters) and classes is not None and classes - len(characters) in _EXTRA_CHARACTERS
    a_line = height is not None and height in _LINE_HEIGHTS and (width is None or width >= 2 * height)
    if not a_line and not (alphabet and output.sums_to_one(-1)):
        return None
    questions: list[str] = []
    reasons = [f"{output}: scores of {classes} characters for each step"]
    if a_line:
        reasons.append(f"the input is a line of text, {height} pixels high")
    if alphabet:
        reasons.append(f"the metadata lists {len(characters)} characters")
    else:
        questions.append("Which characters are there? List them in output.labels, without the blank, which is class 0.")
    return Family(
        "text recognition (CTC)",
        "Text",
        "Ctc",
        "PaddleOcr",
        tuple(reasons),
        tuple(questions),
        characters if alphabet else (),
        classes,
    )


def vectors(evidence: Evidence) -> Family | None:
    """The family of a classifier or an embedding model; None if it is neither."""
    if (found := evidence.named("probabilities", "output_probability")) and evidence.named("label", "output_label"):
        return _scikit_learn(evidence, next(iter(found.values())))
    candidates = [output for output in evidence.outputs if output.kind == "float" and _is_vector(output)]
    if not candidates:
        return None
    output = next((o for o in candidates if _named_as(o, *_EMBEDDING_NAMES, *_SCORE_NAMES)), candidates[0])
    others = len(evidence.outputs) > 1
    name = output.name if others and output is not evidence.outputs[0] else None
    if _is_embedding(evidence, output, others=others):
        return _embedding(evidence, output, name)
    return _classifier(evidence, output, name)


def _is_vector(output: Seen) -> bool:
    """Whether the shape is (N, D), perhaps followed by axes of length 1."""
    return output.rank >= _VECTOR and all(size == 1 for size in output.shape[_VECTOR:])


def _named_as(output: Seen, *parts: str) -> bool:
    return any(part in output.name.lower() for part in parts)


def _is_embedding(evidence: Evidence, output: Seen, *, others: bool) -> bool:
    if evidence.metadata.names or output.sums_to_one(1) or _named_as(output, *_SCORE_NAMES):
        return False
    if _named_as(output, *_EMBEDDING_NAMES):
        return True
    return output.shape[1] in _EMBEDDING_SIZES or (others and bool(evidence.named("last_hidden_state")))


def _embedding(evidence: Evidence, output: Seen, name: str | None) -> Family:
    clip = output.name in _CLIP_NAMES
    questions: list[str] = []
    if not _named_as(output, *_EMBEDDING_NAMES):
        questions.append("Is it an embedding? For a classifier, set output.type to Classification.")
    preset: Preset | None = "Clip" if clip else _preset(evidence)
    if preset is not None and not clip:
        questions.append("Which mean and std did the training use? Those of the preset are a guess.")
    kind = "CLIP image embedding" if clip else "embedding"
    return Family(kind, "Embedding", None, preset, (str(output),), tuple(questions), output=name)


def _scikit_learn(evidence: Evidence, output: Seen) -> Family:
    classes = output.shape[1] if output.kind == "float" and output.rank == _VECTOR else None
    questions: list[str] = []
    labels = evidence.labels(classes, questions)
    if output.kind == "float" and not labels:
        questions.append("What are the names of the classes? List them in output.labels.")
    reasons = (f"outputs 'label' and {output.name!r}, as scikit-learn's converter writes them",)
    return Family(
        "scikit-learn classifier",
        "Classification",
        None,
        None,
        reasons,
        tuple(questions),
        labels,
        classes,
        output=output.name,
    )


def _classifier(evidence: Evidence, output: Seen, name: str | None) -> Family:
    classes = output.shape[1]
    questions: list[str] = []
    labels = evidence.labels(classes, questions)
    reasons = [f"{output}: {classes} classes"]
    activation = _activation(output, reasons, questions)
    if not labels:
        questions.append(f"What are the names of the {classes or ''} classes? List them in output.labels.")
    if evidence.metadata.task == "classify":
        reasons.append("the metadata says task 'classify'")
        return Family(
            "Ultralytics classify",
            "Classification",
            None,
            None,
            tuple(reasons),
            tuple(questions),
            labels,
            classes,
            activation,
            input={"resize": "Crop"},
        )
    preset = _preset(evidence)
    if preset is not None:
        questions.append(
            f"Did the training use the pre-processing of {_TRAINERS[preset]}? Preset {preset} is a guess from "
            f"{'the program that wrote the file' if preset == 'Caffe' else 'the shape of the input'}."
        )
    elif evidence.channels == _COLOURS:
        questions.append("Which scale, mean and std did the training use? Values from 0 to 1 are assumed.")
    if classes in _IMAGENET_CLASSES:
        reasons.append(f"{classes} classes, as ImageNet has")
    return Family(
        "classifier",
        "Classification",
        None,
        preset,
        tuple(reasons),
        tuple(questions),
        labels,
        classes,
        activation,
        name,
    )


def _activation(output: Seen, reasons: list[str], questions: list[str]) -> Activation:
    """The activation, from the values of the trial run."""
    if _named_as(output, "logit"):
        reasons.append("logits, by the output's name: softmax is not in the graph")
        return "Softmax"
    if output.value is None:
        questions.append("Are the scores probabilities? If they are raw, set output.activation to Softmax or Sigmoid.")
        return "None"
    if output.sums_to_one(1):
        reasons.append("the scores of a blank image sum to 1: softmax is in the graph")
        return "None"
    if output.within(0, 1):
        questions.append(
            "Can several classes be true of an image? The scores are from 0 to 1 and do not sum to 1: if so, set "
            "output.type to MultiLabel."
        )
        return "None"
    reasons.append("the scores of a blank image are not from 0 to 1: softmax is not in the graph")
    return "Softmax"


_TRAINERS = {
    "ImageNet": "torchvision and timm for ImageNet (short side to 256, crop of 224, mean and std)",
    "Tf": "Keras' mode 'tf' (values from -1 to 1)",
    "Caffe": "Caffe (BGR, mean 103.939, 116.779, 123.68)",
}


def _preset(evidence: Evidence) -> Preset | None:
    """The usual preset for colour photos; None for inputs that are small, grey or of integers."""
    height, _ = evidence.size
    image = evidence.image
    if image is None or evidence.channels != _COLOURS or "float" not in image.type:
        return None
    if height is not None and height < _PHOTO:
        return None
    if _CAFFE_PRODUCER in evidence.metadata.producer.lower():
        return "Caffe"
    return "Tf" if evidence.channels_last else "ImageNet"
