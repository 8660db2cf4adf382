"""Names and paths of the kind cluster."""

import os
from pathlib import Path

from tests.support.made_once import CACHE

CHECKOUT = Path(__file__).parents[1]
CONFIG = CHECKOUT / "kind-config.yaml"
KIND_CACHE = CACHE / "kind"

CLUSTER = os.environ.get("KIND_CLUSTER_NAME", "darkroom")
NODE = f"{CLUSTER}-control-plane"

# Prefix of all images: nothing pulls from `localhost`, so a missing image is an immediate error, not a time-out.
PREFIX = "localhost/darkroom"
