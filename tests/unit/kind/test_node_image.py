"""The node image's copies from kind and Kubernetes match their sources."""

import pytest
import yaml

from kind.commands import KindError, run
from kind.node_image.component_images import image_called
from kind.node_image.root_filesystem import go_manifest
from kind.settings import CONFIG

_GO_SOURCE = """package nodeimage

const storageProvisionerImage = "docker.io/kindest/local-path-provisioner:v1"
const storageHelperImage = "docker.io/kindest/local-path-helper:v2"

const defaultStorageManifest = `
images:
- ` + storageProvisionerImage + `
- ` + storageHelperImage + `
`
"""


def test_constants_are_spliced_into_the_manifest_in_kind_s_source() -> None:
    manifest = yaml.safe_load(go_manifest(_GO_SOURCE))
    assert manifest["images"] == [
        "docker.io/kindest/local-path-provisioner:v1",
        "docker.io/kindest/local-path-helper:v2",
    ]


def test_an_image_is_found_by_its_last_name() -> None:
    images = ["registry.test:5000/coredns/coredns:v1", "registry.test/pause:3.10"]
    assert image_called(images, "coredns") == "registry.test:5000/coredns/coredns:v1"
    with pytest.raises(KindError, match="no image called etcd among"):
        image_called(images, "etcd")


def test_the_cluster_serves_the_host_alone() -> None:
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    (mapping,) = config["nodes"][0]["extraPortMappings"]
    assert (mapping["listenAddress"], mapping["hostPort"]) == ("127.0.0.1", 30080)


def test_a_failed_command_says_which_and_its_last_words() -> None:
    with pytest.raises(KindError, match=r"(?s)`sh -c .*` failed with 3:\nno such node"):
        run(["sh", "-c", "echo no such node >&2; exit 3"], timeout_s=10)
    with pytest.raises(KindError, match="no-such-program is not installed"):
        run(["no-such-program"], timeout_s=10)
    with pytest.raises(KindError, match="did not finish within 0 s"):
        run(["tail", "-f", "/dev/null"], timeout_s=0.1)
