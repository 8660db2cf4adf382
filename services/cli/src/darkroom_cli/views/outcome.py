"""The result of a stage in one line."""

from collections.abc import Sequence

from darkroom_cli.client.service import Document

_MOST_SHOWN = 5


def outcome(result: Document) -> str:
    """The result or failure of a stage, in short."""
    if (reason := result.get("reason")) is not None:
        return f"{reason}: {result.get('message', '')}"
    if (predictions := result.get("predictions")) is not None:
        return _predictions(predictions, result.get("outputType"))
    if (classes := result.get("classes")) is not None:
        shares = [f"{one['label']} {one['fraction'] * 100:.0f} %" for one in classes]
        return f"class map{_size(result)}: {_listed(shares) or 'no class'}"
    if (text := result.get("text")) is not None:
        return text["text"] or "no text"
    if (anomaly := result.get("anomaly")) is not None:
        return f"{'anomalous' if anomaly['anomalous'] else 'normal'} {anomaly['score']:.2f}"
    if (embedding := result.get("embedding")) is not None:
        return f"embedding of {len(embedding)} numbers"
    if (tensor := result.get("tensor")) is not None:
        return f"{tensor['name']} {tensor['dtype']} {'x'.join(map(str, tensor['shape']))}"
    return "an output type unknown to this version"


def _predictions(predictions: Sequence[Document], output_type: str | None) -> str:
    """The best class of the image, or all that it has, or the number of objects and the best of them."""
    if not predictions:
        return "nothing above the threshold"
    found = [f"{one['label']} {one['score']:.2f}" for one in predictions]
    if "box" in predictions[0]:
        return f"{len(found)}: {_listed(found)}"
    return _listed(found) if output_type == "MultiLabel" else f"{predictions[0]['label']} {predictions[0]['score']:.3f}"


def _size(result: Document) -> str:
    image = result.get("image")
    return f" {image['width']}x{image['height']}" if image else ""


def _listed(parts: Sequence[str]) -> str:
    more = len(parts) - _MOST_SHOWN
    return ", ".join([*parts[:_MOST_SHOWN], *([f"{more} more"] if more > 0 else [])])
