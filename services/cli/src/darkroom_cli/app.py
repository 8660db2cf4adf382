"""The `darkroom` command line: its commands and global options."""

from importlib.metadata import version as version_of
from typing import Annotated

import typer

from darkroom.logs import log_warnings
from darkroom_cli.commands import dead_letters, kafka, model
from darkroom_cli.commands.doctor import doctor
from darkroom_cli.commands.init import init
from darkroom_cli.commands.replay import replay
from darkroom_cli.commands.results import results
from darkroom_cli.commands.status import status
from darkroom_cli.commands.submit import submit
from darkroom_cli.commands.topology import topology
from darkroom_cli.commands.trace import trace
from darkroom_cli.commands.up import up
from darkroom_cli.commands.validate import validate
from darkroom_cli.exit_codes import EXPLAINED
from darkroom_cli.views.output import answer

app = typer.Typer(
    name="darkroom",
    help="Run Darkroom pipelines on this machine, and use the ingestion service from the command line.",
    epilog=EXPLAINED,
    no_args_is_help=True,
    context_settings={"help_option_names": ["--help", "-h"]},
    pretty_exceptions_enable=False,
)


def _print_version(*, wanted: bool) -> None:
    if wanted:
        answer(f"darkroom {version_of('darkroom-cli')}")
        raise typer.Exit


@app.callback()
def darkroom(
    *,
    version: Annotated[  # noqa: ARG001 - its callback handles it
        bool,
        typer.Option(
            "--version", callback=lambda value: _print_version(wanted=value), is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Run Darkroom pipelines on this machine, and use the ingestion service from the command line."""
    log_warnings()


app.command(epilog=EXPLAINED)(init)
app.add_typer(model.app, name="model", epilog=EXPLAINED)
app.command(epilog=EXPLAINED)(up)
app.command(epilog=EXPLAINED)(submit)
app.command(epilog=EXPLAINED)(results)
app.command(epilog=EXPLAINED)(status)
app.command(epilog=EXPLAINED)(trace)
app.command(epilog=EXPLAINED)(replay)
app.add_typer(dead_letters.app, name="dead-letters", epilog=EXPLAINED)
app.command(epilog=EXPLAINED)(doctor)
app.command(epilog=EXPLAINED)(topology)
app.command(epilog=EXPLAINED)(validate)
app.add_typer(kafka.app, name="kafka", epilog=EXPLAINED)
