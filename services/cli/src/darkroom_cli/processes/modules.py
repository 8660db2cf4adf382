"""The Python modules of the services. The module `command` of each has a function `main`."""

from typing import Final

WORKER: Final = "darkroom_inference"
INGESTION: Final = "darkroom_ingestion"
