"""Imports and a session without Darkroom: `python -m benchmarks.start.bare worker MODEL | service | filler`."""

import importlib
import sys

LIBRARIES = {
    "worker": ("confluent_kafka", "cv2", "numpy", "onnxruntime"),
    "service": ("alembic", "confluent_kafka", "fastapi", "sqlalchemy", "uvicorn"),
    "filler": ("confluent_kafka", "sqlalchemy"),
}


def main() -> None:
    """Import the libraries of a program, and load the model."""
    program, *models = sys.argv[1:]
    for name in LIBRARIES[program]:
        importlib.import_module(name)
    for model in models:
        onnxruntime = sys.modules["onnxruntime"]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


if __name__ == "__main__":
    main()
