"""The file system of a node: Debian with containerd, and what kind's own Dockerfile (images/base) adds to it.

Other than there, containerd, runc and the CNI plugins are Debian's, and there is no kindnetd, whose module is on no
registry: containerd itself configures Debian's CNI plugins from a template, which serves one node.
"""

import json
import re
import shutil
from pathlib import Path

from kind.debian import make_root
from kind.node_image.chroot import mounted, run_in

FILES = Path(__file__).with_name("files")
_PACKAGES = (
    "bash,busybox-static,ca-certificates,conntrack,containerd,containernetworking-plugins,curl,e2fsprogs,ethtool,"
    "hostname,iproute2,iptables,jq,kmod,libseccomp2,mount,nftables,pigz,procps,runc,systemd,util-linux"
)
_CNI_PLUGINS = ("host-local", "loopback", "portmap", "ptp")
# What would start services or set up devices that a container has not.
_NOT_IN_A_CONTAINER = (
    "lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup.service",
    "lib/systemd/system/multi-user.target.wants/*",
    "lib/systemd/system/local-fs.target.wants/*",
    "lib/systemd/system/basic.target.wants/*",
    "lib/systemd/system/sockets.target.wants/*udev*",
    "lib/systemd/system/sockets.target.wants/*initctl*",
    "etc/systemd/system/*.wants/*",
)
_CNI_TEMPLATE = '\n[plugins."io.containerd.grpc.v1.cri".cni]\n  conf_template = "/etc/cni/pods.conflist.template"\n'
# Without CAP_SYS_RESOURCE no process may lower its oom_score_adj.
_KUBELET = "KUBELET_EXTRA_ARGS=--runtime-cgroups=/system.slice/containerd.service --oom-score-adj=0\n"


def make_node_root(root: Path, kind_source: Path, programs: dict[str, Path], version: str, pause_image: str) -> None:
    """The node's file system in the folder `root`, but for the images preloaded in it.

    `version` is that of Kubernetes, `pause_image` what containerd calls the image of the pause container.
    """
    make_root(root, tuple(_PACKAGES.split(",")))
    _kind_files(root, kind_source)
    _programs(root, programs, version)
    _services(root)
    _containerd(root, pause_image)
    manifests = root / "kind" / "manifests"
    manifests.mkdir()
    shutil.copy(FILES / "default-cni.yaml", manifests)
    storage = kind_source / "pkg" / "build" / "nodeimage" / "const_storage.go"
    (manifests / "default-storage.yaml").write_text(go_manifest(storage.read_text(encoding="utf-8")), encoding="utf-8")


def go_manifest(source: str) -> str:
    """The YAML in kind's Go constant `defaultStorageManifest`, in which other constants are spliced."""
    constants = dict(re.findall(r'const (\w+) = "([^"]*)"', source))
    body = source.split("const defaultStorageManifest = `")[1]
    spliced = re.sub(r"` \+ (\w+) \+ `", lambda found: constants[found[1]], body)
    return spliced[: spliced.index("`")]


def _kind_files(root: Path, kind_source: Path) -> None:
    files = kind_source / "images" / "base" / "files"
    for path in sorted(files.rglob("*")):
        target = root / path.relative_to(files)
        if path.is_dir():
            target.mkdir(exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            executable = "bin" in path.parent.parts[-1:]
            target.chmod(0o755 if executable else 0o644)


def _programs(root: Path, programs: dict[str, Path], version: str) -> None:
    for name in ("kubeadm", "kubelet", "kubectl"):
        shutil.copy(programs[name], root / "usr/bin" / name)
    for name in ("containerd", "ctr"):  # where kind's units look for them
        (root / "usr/local/bin" / name).symlink_to(f"/usr/bin/{name}")
    for folder in ("opt/cni/bin", "etc/cni/net.d", "etc/kubernetes/manifests"):
        (root / folder).mkdir(parents=True)
    for name in _CNI_PLUGINS:
        shutil.move(root / "usr/lib/cni" / name, root / "opt/cni/bin" / name)
    shutil.rmtree(root / "usr/lib/cni")
    (root / "kind/version").write_text(version, encoding="ascii")


def _services(root: Path) -> None:
    for pattern in _NOT_IN_A_CONTAINER:
        for path in root.glob(pattern):
            path.unlink()
    with (root / "etc/systemd/journald.conf").open("a", encoding="ascii") as settings:
        settings.write("ReadKMsg=no\n")
    init = root / "sbin/init"
    init.unlink(missing_ok=True)
    init.symlink_to("/usr/lib/systemd/systemd")
    run_in(root, "systemctl", "enable", "kubelet.service", "containerd.service", "undo-mount-hacks.service")
    run_in(root, "systemctl", "mask", "systemd-binfmt.service")
    (root / "etc/default/kubelet").write_text(_KUBELET, encoding="ascii")


def _containerd(root: Path, pause_image: str) -> None:
    with mounted(root):
        spec = json.loads(run_in(root, "ctr", "oci", "spec"))
    spec["process"].pop("rlimits", None)
    hooks = spec.setdefault("hooks", {}).setdefault("createContainer", [])
    hooks.append({"path": "/kind/bin/mount-product-files.sh"})
    (root / "etc/containerd/cri-base.json").write_text(json.dumps(spec), encoding="utf-8")
    settings = root / "etc/containerd/config.toml"
    text = settings.read_text(encoding="utf-8")
    text = text.replace("restrict_oom_score_adj = false", "restrict_oom_score_adj = true")
    text = re.sub(r"sandbox_image = .*", f'sandbox_image = "{pause_image}"', text)
    settings.write_text(text + _CNI_TEMPLATE, encoding="utf-8")
    shutil.copy(FILES / "pods.conflist.template", root / "etc/cni")
