"""`dgstudio experiment`: runs one experiment with progress, prints its table, writes JSON and a plot."""

from __future__ import annotations

from pathlib import Path

import threadpoolctl
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from dgstudio.errors import BadInputError
from dgstudio.guard.terminal import PlainConsole
from dgstudio.lab.experiment import Options, check_options
from dgstudio.lab.experiments import find_experiment
from dgstudio.lab.results import Result

FILE_WIDTH = 160
"""Columns of a table that goes to a file or a pipe."""


def run_experiment(
    name: str, options: Options, console: Console, *, json_file: Path | None = None, plot_file: Path | None = None
) -> Result:
    """Run an experiment in this thread, with one BLAS thread; a figure must not depend on what else runs.

    Raises
    ------
    BadInputError
        Before anything is run, for a name, options or files that cannot be used.
    """
    experiment = find_experiment(name)
    check_options(name, experiment, options)
    for file in (json_file, plot_file):
        if file is not None and (file.is_dir() or not file.absolute().parent.is_dir()):
            raise BadInputError(f"Cannot write {file}: name a file in a folder that exists.")
    if plot_file is not None:
        from dgstudio.lab.plots import check_plot_file  # matplotlib is slow to import

        check_plot_file(plot_file)
    bar = Progress(
        TextColumn("[dim]{task.description}[/]"), BarColumn(), TimeElapsedColumn(), console=console, transient=True
    )
    with threadpoolctl.threadpool_limits(1), bar:
        task = bar.add_task(name, total=1.0)
        result = experiment.run(options, lambda share, text: bar.update(task, completed=share, description=text))
    # In a file nothing has to fit on a screen.
    wide = console if console.is_terminal else PlainConsole(file=console.file, width=max(console.width, FILE_WIDTH))
    wide.print(result.table(experiment.columns), highlight=False)
    if json_file is not None:
        result.write_json(json_file)
        console.print(f"Figures: {json_file}", highlight=False, markup=False)
    if plot_file is not None:
        from dgstudio.lab.plots import draw

        draw(result, experiment, plot_file)
        console.print(f"Plot: {plot_file}", highlight=False, markup=False)
    return result
