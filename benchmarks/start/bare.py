"""Imports and a session, and nothing else: `python -m benchmarks.start.bare LIBRARIES|MODULES worker|service|filler`.

LIBRARIES imports the libraries that a program needs for its work, MODULES all that the program imports. Models follow.
"""

import importlib
import sys

from darkroom.processes.loading import loading

LIBRARIES = {
    "worker": ("confluent_kafka", "cv2", "numpy", "onnxruntime"),
    "service": ("alembic", "confluent_kafka", "fastapi", "sqlalchemy", "uvicorn"),
    "filler": ("confluent_kafka", "sqlalchemy"),
}
MODULES = {
    "worker": ("darkroom_inference.command",),
    "service": ("darkroom_ingestion.command", "darkroom_ingestion.serving"),
    "filler": ("darkroom_ingestion.filling.command",),
}


def main() -> None:
    """Import what was asked for, and load the models."""
    what, program, *models = sys.argv[1:]
    if what == "MODULES":
        with loading():
            _import(MODULES[program])
    else:
        _import(LIBRARIES[program])
    for model in models:
        onnxruntime = sys.modules["onnxruntime"]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _import(names: tuple[str, ...]) -> None:
    for name in names:
        importlib.import_module(name)


if __name__ == "__main__":
    main()
