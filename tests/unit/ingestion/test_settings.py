"""What keeps the service from starting, in words that say what to do."""

import json
from pathlib import Path
from typing import Any

import pytest

from darkroom_ingestion.catalog.served import BadCatalog, FileCatalog
from darkroom_ingestion.store.database import BadDatabase, open_database
from tests.support.manifests import pipeline_manifest


def entry(**spec: Any) -> dict[str, Any]:
    return {"pipeline": pipeline_manifest(**spec), "kafka": {"bootstrapServers": "localhost:9092"}}


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (None, "can't be read"),
        ("{", "Invalid JSON"),
        ('{"entries": [{"pipeline": {}}]}', "entries.0.pipeline"),
        (json.dumps({"entries": [entry(), entry()]}), "demo/digits is there twice"),
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


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("mysql://localhost/store", "mysql is not supported"),
        ("sqlite://", "SQLite needs a file"),
        ("nonsense", "sqlite:///FILE"),
        ("sqlite:///{folder}/none/store.db", "No such file or directory"),
        ("sqlite:///{folder}/letter.db", "not a database"),
        ("postgresql+psycopg://user:secret@127.0.0.1:1/store", "Connection refused"),
    ],
)
def test_a_bad_database_is_refused(tmp_path: Path, url: str, reason: str) -> None:
    (tmp_path / "letter.db").write_text("This is no database, but a letter that is somewhat longer than a header.")
    with pytest.raises(BadDatabase) as refused:
        open_database(url.format(folder=tmp_path))

    assert reason in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_store_that_another_process_has_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    first = open_database(url)
    with pytest.raises(BadDatabase, match="SQLite means one replica"):
        open_database(url)
    first.close()
    open_database(url).close()
