"""Putting images into the content store of the node's containerd, as kind does when it builds a node image."""

import shutil
from pathlib import Path

from kind.node_image.chroot import mounted, run_in

# containerd runs for the import alone; --no-unpack: a file system of a node that is built can't be mounted in.
_IMPORT = """
mkdir -p /run/containerd
containerd > /tmp/containerd.log 2>&1 & daemon=$!
for try in $(seq 50); do ctr version > /dev/null 2>&1 && break; sleep 0.2; done
for archive in /tmp/images/*.tar; do
  ctr -n k8s.io images import --label=io.cri-containerd.pinned=pinned --no-unpack --digests "$archive" > /dev/null
done
ctr -n k8s.io images ls -q | grep -v @sha256 > /kind/images
kill $daemon
wait $daemon || true
"""


def preload(root: Path, archives: Path) -> list[str]:
    """Import every archive in the folder `archives`; the names of the images that are there then."""
    with mounted(root, archives=archives):
        run_in(root, "bash", "-euc", _IMPORT)
    for folder in ("tmp", "run", "var/log"):
        for path in (root / folder).iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    return (root / "kind/images").read_text(encoding="utf-8").split()
