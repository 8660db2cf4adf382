"""The operator leaves nothing in the temporary folder, even if it is killed."""

from pathlib import Path

import pytest

from tests.support.kafka import SharedKafka
from tests.support.services.operator import Site

_WITH_TEMPORARY_FOLDER = """
import os, runpy
os.environ["TMPDIR"] = {!r}
runpy.run_module("darkroom_operator", run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize("killed", [False, True], ids=["stopped", "killed"])
def test_no_credentials_are_left_behind(killed: bool, here: Site, kafka: SharedKafka, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    here.start_strimzi(kafka.bootstrap_servers)
    here.start_kubelet()
    here.put_model()
    operator = here.start_operator(program=("-c", _WITH_TEMPORARY_FOLDER.format(str(temporary))))
    here.apply(here.manifest())
    here.wait_ready()  # every client of the API server was used

    if killed:
        operator.kill()
    else:
        operator.stop()

    assert list(temporary.iterdir()) == []
