"""The images of what runs in a cluster from its start: programs, under the names that kubeadm or kind ask for."""

import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from kind.commands import KindError, run
from kind.node_image.chroot import run_in
from kind.node_image.oci_archive import Program, write_archive

_LIBRARIES = "usr/lib/x86_64-linux-gnu"
_NET_PROGRAMS = ("xtables-legacy-multi", "xtables-nft-multi", "nft", "conntrack")
_PAUSE_USER = "65535:65535"


def kubeadm_images(kubeadm: Path, version: str) -> list[str]:
    """The images that `kubeadm` will ask for."""
    return run([kubeadm, "config", "images", "list", "--kubernetes-version", version], timeout_s=60).split()


def image_called(images: list[str], name: str) -> str:
    """The one of `images` that is called `name`, whatever its registry and tag."""
    for image in images:
        if image.rpartition(":")[0].rpartition("/")[2] == name:
            return image
    raise KindError(f"no image called {name} among {', '.join(images)}: another version of Kubernetes or kind?")


def manifest_images(root: Path) -> list[str]:
    """The images in what kind applies after kubeadm."""
    texts = [path.read_text(encoding="utf-8") for path in (root / "kind/manifests").glob("*.yaml")]
    return [image for text in texts for image in re.findall(r"image: *(\S+)", text)]


def write_component_images(
    root: Path, archives: Path, programs: dict[str, Path], images: list[str], work: Path
) -> None:
    """An archive of each component in the folder `archives`. `work` is a folder for what is put together on the way."""
    shutil.rmtree(archives, ignore_errors=True)
    archives.mkdir(parents=True)
    components = _components(root, programs, images, work)
    with ThreadPoolExecutor(2) as pool:
        for written in [
            pool.submit(write_archive, component, archives / f"{name}.tar") for name, component in components.items()
        ]:
            written.result()


def _components(root: Path, programs: dict[str, Path], images: list[str], work: Path) -> dict[str, Program]:
    def one(name: str, program: str, path: str, *more: str, user: str = "") -> Program:
        return Program(image_called(images, name), {path: programs[program]}, (path, *more), user)

    control_plane = {
        name: one(name, name, f"/usr/local/bin/{name}")
        for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")
    }
    proxy = Program(
        image_called(images, "kube-proxy"),
        {"/": _net_programs(root, work / "net"), "/usr/local/bin/kube-proxy": programs["kube-proxy"]},
        ("/usr/local/bin/kube-proxy",),
    )
    return control_plane | {
        "kube-proxy": proxy,
        "coredns": one("coredns", "coredns", "/coredns"),
        "pause": one("pause", "pause", "/pause", user=_PAUSE_USER),
        "kube-network-policies": one("kube-network-policies", "kube-network-policies", "/kube-network-policies"),
        "local-path-provisioner": one(
            "local-path-provisioner", "local-path-provisioner", "/usr/local/bin/local-path-provisioner"
        ),
        "local-path-helper": Program(image_called(images, "local-path-helper"), {"/": _busybox(root, work / "helper")}),
    }


def _busybox(root: Path, folder: Path) -> Path:
    """A shell and the few commands with which the provisioner makes and removes folders."""
    shutil.rmtree(folder, ignore_errors=True)
    programs = folder / "bin"
    programs.mkdir(parents=True)
    shutil.copy(root / "usr/bin/busybox", programs)
    for name in ("sh", "rm", "mkdir", "ls", "cat"):
        (programs / name).symlink_to("busybox")
    return folder


def _net_programs(root: Path, folder: Path) -> Path:
    """What kube-proxy runs, nft and iptables, with their libraries."""
    shutil.rmtree(folder, ignore_errors=True)
    for path in ("usr/sbin", "usr/bin", _LIBRARIES, "lib64", "run"):
        (folder / path).mkdir(parents=True)
    for name in ("lib", "bin", "sbin"):
        (folder / name).symlink_to(f"usr/{name}")
    for name in _NET_PROGRAMS:
        shutil.copy(root / "usr/sbin" / name, folder / "usr/sbin" / name)
    for version in ("iptables", "ip6tables"):
        for suffix in ("", "-save", "-restore"):
            (folder / "usr/sbin" / f"{version}{suffix}").symlink_to("xtables-nft-multi")
    # Without it nft names protocols by number: kube-proxy then does not know its own rules again, and takes them away.
    (folder / "etc").mkdir()
    shutil.copy(root / "etc/protocols", folder / "etc")
    shutil.copytree(root / _LIBRARIES / "xtables", folder / _LIBRARIES / "xtables", symlinks=True)
    for library in sorted(_libraries(root)):
        subfolder = "lib64" if library.startswith("/lib64/") else _LIBRARIES
        shutil.copy((root / library.lstrip("/")), folder / subfolder)
    return folder


def _libraries(root: Path) -> set[str]:
    """What the programs link to, and the plugins that iptables loads at run time."""
    plugins = [f"/{path.relative_to(root)}" for path in (root / _LIBRARIES / "xtables").glob("*.so")]
    said = run_in(
        root,
        "sh",
        "-c",
        'for each; do ldd "$each" || true; done',
        "sh",
        *plugins,
        *(f"/usr/sbin/{name}" for name in _NET_PROGRAMS),
    )
    return set(re.findall(r"(/\S+)", "\n".join(line for line in said.splitlines() if not line.endswith(":"))))
