"""Exports models of several frameworks with seeded weights, with the frameworks' own answers for the golden images."""

import argparse
import importlib
import sys
import traceback
from pathlib import Path

import torch

_FRAMEWORKS = ("ultralytics_models", "torchvision_models", "timm_models", "transformers_models", "yolov5_models")


def main() -> int:
    """Export all models, or those with the given names; returns 1 if one fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="gets a folder for each model")
    parser.add_argument("names", nargs="*", help="of the models; default: all")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    failed = False
    for framework in _FRAMEWORKS:
        module = importlib.import_module(f"scripts.golden.{framework}")
        for name in module.MODELS:
            if arguments.names and name not in arguments.names:
                continue
            folder = (arguments.folder / name).resolve()
            folder.mkdir(parents=True, exist_ok=True)
            try:
                module.export(name, folder)
                print(f"{name}: exported")
            except Exception:  # noqa: BLE001 - the others are still exported
                failed = True
                print(f"{name}: failed", file=sys.stderr)
                traceback.print_exc()
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
