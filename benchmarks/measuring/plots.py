"""Plots of reports, as SVG for the documents: `python -m benchmarks.measuring.plots`."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.measuring.report import PLOTS, RESULTS, Plot, Report


def draw(plot: Plot, folder: Path = PLOTS) -> Path:
    """Draw a plot. Returns the SVG file, which is the same for the same numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{plot.name}.svg"
    with mpl.rc_context({"svg.hashsalt": plot.name, "svg.fonttype": "none", "font.size": 10}):
        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.add_subplot()
        for curve in plot.curves:
            axes.plot(curve.x, curve.y, marker="o", markersize=3, label=curve.name)
        axes.set(title=plot.title, xlabel=plot.x, ylabel=plot.y)
        axes.set_ylim(bottom=0)
        if plot.logarithmic_x:
            axes.set_xscale("log")
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
        figure.savefig(file, metadata={"Date": None})
    return file


def main() -> None:
    """Draw the plots of all results."""
    for file in sorted(RESULTS.glob("*.json")):
        for plot in Report.model_validate_json(file.read_text(encoding="utf-8")).plots:
            print(draw(plot))


if __name__ == "__main__":
    main()
