"""Files that commands write."""

from pathlib import Path

from darkroom_cli.exit_codes import InvalidInput


def check_target(target: Path, *, replace: bool) -> None:
    """Check that `target` does not exist, unless it may be replaced.

    Raises:
        InvalidInput: it exists.
    """
    if target.exists() and not replace:
        raise InvalidInput(f"{target} exists: give another file with -o, or --force to replace it")
