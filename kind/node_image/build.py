"""The node image that is built where no container registry can be reached."""

import hashlib
import json
from pathlib import Path

from kind.commands import KindError, run
from kind.engine import Engine
from kind.host_packages import ensure_packages
from kind.node_image.component_images import image_called, kubeadm_images, manifest_images, write_component_images
from kind.node_image.network_policies import kernel_has_nft_queue
from kind.node_image.preload import preload
from kind.node_image.programs import kind_source, node_programs
from kind.node_image.root_filesystem import make_node_root
from kind.phases import phase
from kind.settings import KIND_CACHE, PREFIX
from tests.support.kube.go_programs import KUBERNETES
from tests.support.made_once import locked

_IMPORT_TIMEOUT_S = 600
_AS_KIND_NODES_ARE = (
    "ENV container=docker",
    "STOPSIGNAL SIGRTMIN+3",
    'ENTRYPOINT ["/usr/local/bin/entrypoint","/sbin/init"]',
)


def built_node_image(engine: Engine) -> str:
    """The name of the node image of this recipe, built now if the engine has none."""
    ensure_packages(("nftables",), "a node image")
    reference = f"{PREFIX}/kind-node:{KUBERNETES.version}-{_recipe()}"
    with locked(KIND_CACHE / "node-image.lock"):
        if engine.image_id(reference) is None:
            _build(engine, reference)
            engine.remove_others(reference.rpartition(":")[0], keep={reference})
    print(f"node image {reference}: {engine.image_bytes(reference) / 2**20:.0f} MiB", flush=True)
    return reference


def _recipe() -> str:
    """A hash of all that the image is made from, but for Debian's packages."""
    recipe = hashlib.sha256(json.dumps([KUBERNETES.built.name, kernel_has_nft_queue()]).encode())
    here = Path(__file__).parent
    for path in sorted([*here.rglob("*"), here.parent / "debian.py"]):
        if path.is_file() and path.suffix != ".pyc":
            recipe.update(path.read_bytes())
    return recipe.hexdigest()[:12]


def _build(engine: Engine, reference: str) -> None:
    work = KIND_CACHE / "node-image"
    root, archives = work / "root", work / "archives"
    version = KUBERNETES.version
    try:
        with phase("programs of the node, from Go modules"):
            programs, source = node_programs(), kind_source()
        wanted = kubeadm_images(programs["kubeadm"], version)
        with phase("root file system of the node"):
            make_node_root(root, source, programs, version, image_called(wanted, "pause"))
        with phase("images of the components"):
            images = [*wanted, *manifest_images(root)]
            write_component_images(root, archives, programs, images, work)
        with phase("images into the node"):
            missing = set(images) - set(preload(root, archives))
        if missing:
            raise KindError(f"the node would lack the images {', '.join(sorted(missing))}")
        with phase(f"{engine.name} import"):
            _import(engine, root, work / "node.tar", reference)
    finally:
        run(["rm", "-rf", "--one-file-system", work], timeout_s=_IMPORT_TIMEOUT_S)


def _import(engine: Engine, root: Path, archive: Path, reference: str) -> None:
    run(["tar", "-C", root, "--numeric-owner", "--one-file-system", "-cf", archive, "."], timeout_s=_IMPORT_TIMEOUT_S)
    changes = [word for change in _AS_KIND_NODES_ARE for word in ("--change", change)]
    engine.run("import", *changes, archive, reference, timeout_s=_IMPORT_TIMEOUT_S)
