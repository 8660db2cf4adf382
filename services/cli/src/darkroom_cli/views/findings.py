"""The findings of `darkroom doctor`."""

from rich.table import Table
from rich.text import Text

from darkroom_cli.doctor.finding import Finding

_STYLES = {"Ok": "green", "Warning": "yellow", "Problem": "bold red", "Skipped": "dim"}


def finding_row(finding: Finding) -> Table:
    """One finding, with what to do below it."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(min_width=7)
    table.add_column()
    what = f"{finding.check}: {finding.message}"
    if finding.advice:
        what += f"\n-> {finding.advice}"
    table.add_row(Text(finding.state, _STYLES[finding.state]), Text(what))
    return table


def summary(findings: list[Finding]) -> str:
    """The number of problems and warnings."""
    problems, warnings = (sum(one.state == state for one in findings) for state in ("Problem", "Warning"))
    return f"{len(findings)} checks: {problems} problem(s), {warnings} warning(s)"
