"""The engine that enforces NetworkPolicy in a node built here: kube-network-policies.

It gets at packets with the `queue` statement of nftables. A kernel without it (CONFIG_NFT_QUEUE) mostly has the older
NFQUEUE target of xtables, reached from an nftables rule: for such a kernel two lines of its source are changed.
"""

import shutil
from pathlib import Path

from darkroom.files.checksums import sha256_of
from kind.commands import KindError, run
from tests.support.kube.go_programs import GoModule, module_source
from tests.support.made_once import CACHE, made_once

_MODULE = "sigs.k8s.io/kube-network-policies"
_XT_TARGET = Path(__file__).with_name("files") / "nfqueue_xt.go"
_QUEUE = """queue := &expr.Queue{Num: uint16(c.config.QueueID)}
	if c.config.FailOpen {
		queue.Flag = expr.QueueFlagBypass
	}"""
_TARGET = "queue := nfqueueTarget(uint16(c.config.QueueID), c.config.FailOpen)"
_PLACES = 2
_PROBE_TIMEOUT_S = 20


def network_policies_module(go: Path) -> GoModule:
    """kube-network-policies as this machine's kernel needs it; `go` is the module that locks it."""
    module = GoModule(go, _MODULE, package="{path}/cmd")
    if kernel_has_nft_queue():
        return module
    name = f"node-xt-{sha256_of(_XT_TARGET)[:8]}-{module.built.name}"
    folder = made_once(CACHE / "kind" / "go" / name, lambda target: _patch(module, target))
    return GoModule(folder, _MODULE, package="{path}/cmd")


def kernel_has_nft_queue() -> bool:
    """Whether a rule with `queue` can be made, tried in a network namespace that ends with the try.

    Raises:
        KindError: Not even a rule without it can be made.
    """
    table = "add table inet t; add chain inet t c { type filter hook postrouting priority 0; }; add rule inet t c"
    run(["unshare", "-n", "nft", f"{table} accept"], timeout_s=_PROBE_TIMEOUT_S)
    try:
        run(["unshare", "-n", "nft", f"{table} queue num 100"], timeout_s=_PROBE_TIMEOUT_S)
    except KindError:
        return False
    return True


def _patch(module: GoModule, folder: Path) -> None:
    """A copy of the locking module that replaces the engine by a changed copy of its source."""
    print(f"this kernel has no `queue` in nftables: {_MODULE} gets the NFQUEUE target of xtables", flush=True)
    source = folder / "source"
    shutil.copytree(module_source(module), source)
    for path in (source, *source.rglob("*")):
        path.chmod(path.stat().st_mode | 0o200)
    package = source / "pkg" / "networkpolicy"
    shutil.copy(_XT_TARGET, package)
    controller = package / "controller.go"
    text = controller.read_text(encoding="utf-8")
    if text.count(_QUEUE) != _PLACES:
        raise KindError(f"{_MODULE} {module.version}: {controller.name} is not what the change was made for")
    controller.write_text(text.replace(_QUEUE, _TARGET), encoding="utf-8")
    shutil.copy(module.folder / "go.sum", folder)
    (folder / "go.mod").write_text(f"{module.go_mod}\nreplace {_MODULE} => ./source\n", encoding="utf-8")
