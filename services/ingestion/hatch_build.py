"""Build hook: a wheel without the web console is refused."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_CONSOLE = "src/darkroom_ingestion/console/index.html"


class ConsoleIsBuilt(BuildHookInterface):
    """Checks that the built console is there. Editable installs need none."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's interface
        """Refuse the build if the console has not been built.

        Raises:
            RuntimeError: It has not been built.
        """
        if version != "editable" and not (Path(self.root) / _CONSOLE).exists():
            raise RuntimeError(f"the web console is not built: {_CONSOLE} is missing. Run `make console` first")
