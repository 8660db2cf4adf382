"""A catalog in a file, and its errors."""

import json
from pathlib import Path
from typing import Any

import pytest

from darkroom_ingestion.catalog.file import FileCatalog
from darkroom_ingestion.catalog.source import BadCatalog
from tests.support.manifests import pipeline_manifest


def entry(**spec: Any) -> dict[str, Any]:
    return {"pipeline": pipeline_manifest(**spec), "kafka": {"bootstrapServers": "localhost:9092"}}


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (None, "can't be read"),
        ("{", "Invalid JSON"),
        ('{"entries": [{"pipeline": {}}]}', "entries.0.pipeline"),
        (json.dumps({"entries": [entry(), entry()]}), "demo/digits is listed twice"),
        (json.dumps({"entries": [entry(stages=["a", "a"])]}), "stage names must be unique"),
    ],
)
def test_a_bad_catalog_is_refused(tmp_path: Path, document: str | None, reason: str) -> None:
    path = tmp_path / "catalog.json"
    if document is not None:
        path.write_text(document)
    with pytest.raises(BadCatalog) as refused:
        FileCatalog(path).read()

    assert str(path) in str(refused.value)
    assert reason in str(refused.value)
