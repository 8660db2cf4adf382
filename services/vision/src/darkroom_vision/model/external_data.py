"""External data: the files that an ONNX model keeps weights in."""

from darkroom_vision.model.onnx_messages import entry, walk


def external_files(model: bytes | memoryview) -> list[str]:
    """The locations of all external data of the model, sorted.

    Raises:
        NotProtobuf: `model` is not an ONNX model.
    """
    entries = (entry(message) for kind, message in walk(model) if kind == "ExternalEntry")
    return sorted({location for key, location in entries if key == "location"})
