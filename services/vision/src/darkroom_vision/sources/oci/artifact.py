"""Fetching a file of an artifact into a folder, with the files that it refers to."""

import json
import mmap
import posixpath
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from darkroom.files.checksums import sha256_of
from darkroom_vision.model.external_data import external_files
from darkroom_vision.model.onnx_messages import NotProtobuf
from darkroom_vision.sources.failures import Refused
from darkroom_vision.sources.oci.manifest import Layer, layers_of, layers_with, no_such_file, several_files
from darkroom_vision.sources.oci.registry import Repository
from darkroom_vision.sources.oci.unpack import unpack
from darkroom_vision.sources.remote_file import MAX_BYTES

_RECORD: Final = "layers.json"
_FILES: Final = "files"
_RECORD_TYPE: Final = TypeAdapter(dict[str, dict[str, str]])


class Artifact:
    """The part of an artifact that a folder has: whole layers, as files.

    Layers are added one by one. A process that dies leaves those that are complete, and the part of the current one.
    """

    def __init__(self, folder: Path, manifest: bytes) -> None:
        self._folder = folder
        self._layers = layers_of(manifest)
        self._record = folder / _RECORD
        self._known = _read_record(self._record)
        self._checked: dict[str, str] = {}

    async def file(self, path: str | None, suffix: str, repository: Repository | None) -> tuple[Path, str]:
        """The file at `path` and its SHA-256; without a path, the only one whose name ends with `suffix`.

        Raises:
            Refused: there is no such file, or several.
            Incomplete: the folder lacks a layer, and there is no repository to fetch it from.
        """
        for layer in layers_with(self._layers, path, suffix):
            await self._add(layer, repository)
        found = [known for known in self._checked if (known.endswith(suffix) if path is None else known == path)]
        if not found:
            raise no_such_file(path, suffix, sorted(self._checked))
        if len(found) > 1:
            raise several_files(suffix, sorted(found))
        return self._folder / _FILES / found[0], self._checked[found[0]]

    async def external_data(self, model: Path, repository: Repository | None) -> Mapping[str, str]:
        """The SHA-256 of the files with external data of `model`, by location. They are fetched too.

        Raises:
            Refused: the artifact does not have one of them.
            Incomplete: the folder lacks a layer, and there is no repository to fetch it from.
        """
        found = {}
        folder = model.parent.relative_to(self._folder / _FILES).as_posix()
        for location in _external(model):
            path = posixpath.normpath(posixpath.join(folder, location))
            if path not in self._checked:
                for layer in self._layers:
                    if layer.path == path or (layer.is_archive and layer.is_weights and layer.path is None):
                        await self._add(layer, repository)
            if path not in self._checked:
                raise Refused(f"the model's external data {path} is not in the artifact: push it with the model")
            found[location] = self._checked[path]
        return found

    async def _add(self, layer: Layer, repository: Repository | None) -> None:
        """Check the files of `layer`, or fetch them."""
        files = self._folder / _FILES
        known = self._known.get(layer.digest)
        if known and all((files / path).is_file() and sha256_of(files / path) == sha for path, sha in known.items()):
            self._checked |= known
            return
        if repository is None:
            raise Incomplete
        if layer.size > MAX_BYTES:
            raise Refused(f"its layer {layer.path or layer.digest} has more than {MAX_BYTES >> 30} GiB")
        part = self._folder / f"{layer.digest.removeprefix('sha256:')}.part"
        await repository.blob(layer, part)
        if layer.compression is not None:
            paths = unpack(part, layer.compression, files, MAX_BYTES)
            known = {path: sha256_of(files / path) for path in paths}
            part.unlink()
        else:
            path = layer.path or ""
            (files / path).parent.mkdir(parents=True, exist_ok=True)
            part.replace(files / path)
            known = {path: layer.digest.removeprefix("sha256:")}
        self._checked |= known
        self._known[layer.digest] = known
        new = self._record.with_suffix(".new")
        new.write_text(json.dumps(self._known))
        new.replace(self._record)


class Incomplete(Exception):
    """The folder lacks a layer."""


def _read_record(record: Path) -> dict[str, dict[str, str]]:
    """The SHA-256 of each file by path, by the digest of its layer. Empty if the record is missing or damaged."""
    try:
        return _RECORD_TYPE.validate_json(record.read_bytes())
    except (OSError, ValidationError):
        return {}


def _external(model: Path) -> list[str]:
    with model.open("rb") as file:
        try:
            return external_files(memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))
        except (NotProtobuf, ValueError):
            return []  # not an ONNX model, or an empty file
