"""Files in buckets."""

import importlib.util
from pathlib import Path

import pytest

from darkroom_vision.sources.buckets import download_from_bucket
from darkroom_vision.sources.failures import Refused


@pytest.mark.skipif(importlib.util.find_spec("s3fs") is not None, reason="s3fs is installed")
def test_a_missing_package_is_named_with_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"can't read s3://: Install s3fs .*: install darkroom-vision\[s3\], or build"):
        download_from_bucket("s3://bucket/m.onnx", tmp_path / "part")
