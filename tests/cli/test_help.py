"""Help and usage errors of all commands."""

from importlib.metadata import version

import pytest

from tests.support.services.command_line import darkroom

COMMANDS = [
    ["up"],
    ["submit"],
    ["results"],
    ["status"],
    ["trace"],
    ["replay"],
    ["doctor"],
    ["dead-letters"],
    ["dead-letters", "list"],
    ["dead-letters", "show"],
    ["dead-letters", "save"],
    ["dead-letters", "redrive"],
    ["dead-letters", "replay"],
    ["topology"],
    ["validate"],
    ["kafka", "start"],
]


@pytest.mark.parametrize("command", [[], *COMMANDS], ids=" ".join)
def test_every_command_has_help_with_its_exit_codes(command: list[str]) -> None:
    ran = darkroom(*command, "--help")
    assert ran.code == 0
    assert "Usage: darkroom" in ran.out
    assert "Exit codes: 0 done; 1 failed" in " ".join(ran.out.split())


def test_the_version_is_that_of_the_package() -> None:
    assert darkroom("--version").out == f"darkroom {version('darkroom-cli')}\n"


@pytest.mark.parametrize("arguments", [["--nope"], ["nope"], ["up"], ["up", "x.yaml", "--port", "99999"], ["validate"]])
def test_wrong_usage_prints_one_line_and_exits_with_2(arguments: list[str]) -> None:
    ran = darkroom(*arguments)
    assert (ran.code, ran.out, len(ran.errors)) == (2, "", 1)
    assert ran.err.startswith("darkroom: ")
    command = (
        "darkroom up" if arguments[0] == "up" else "darkroom validate" if arguments[0] == "validate" else "darkroom"
    )
    assert ran.err.endswith(f" (see {command} --help)\n")


@pytest.mark.parametrize("arguments", [[], ["kafka"]], ids=["darkroom", "kafka"])
def test_without_a_command_only_the_help_is_printed(arguments: list[str]) -> None:
    ran = darkroom(*arguments)
    assert (ran.code, ran.err) == (2, "")
    assert "Usage: darkroom" in ran.out


@pytest.mark.parametrize("command", [["submit", "k8s/samples/digits"], ["results"], ["dead-letters"]], ids=" ".join)
def test_an_unreachable_service_prints_one_line_and_exits_with_3(command: list[str]) -> None:
    ran = darkroom(*command, "--url", "http://127.0.0.1:9")
    assert (ran.code, ran.out, len(ran.errors)) == (3, "", 1)
    assert "no service responds at http://127.0.0.1:9 (Connection refused): start it with" in ran.err
