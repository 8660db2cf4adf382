"""The Python modules of the services."""

from typing import Final

WORKER: Final = "darkroom_inference"
INGESTION: Final = "darkroom_ingestion"
