"""`dgstudio experiment`: runs one experiment with progress, prints its table, writes JSON and a plot."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import threadpoolctl
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as ProgressBar

from dgstudio.errors import BadInputError
from dgstudio.guard.terminal import PlainConsole
from dgstudio.lab.experiment import Options, check_options
from dgstudio.lab.experiments import find_experiment
from dgstudio.lab.results import Result
from dgstudio.lab.run_file import RunFile, asked, run_file_path
from dgstudio.lab.runs import Progress, Runs

FILE_WIDTH = 160
"""Columns of a table that goes to a file or a pipe."""
LINE_EVERY_S = 5.0
"""Seconds from one line of progress to the next, where they go to a file or a pipe."""

Tell = Callable[[Progress], None]


def run_experiment(
    name: str,
    options: Options,
    console: Console,
    errors: Console,
    *,
    json_file: Path | None = None,
    plot_file: Path | None = None,
    resume: bool = False,
) -> Result:
    """Run an experiment in this thread, with one BLAS thread; a figure must not depend on what else runs.

    Parameters
    ----------
    console
        Where the table goes.
    errors
        Where progress goes, and what is said about runs that are kept.
    resume
        Go on from the runs that one with the same options left (see `RunFile`).

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
    wanted = asked(name, options)
    kept = RunFile(run_file_path(json_file, wanted), wanted, lambda text: _say(errors, text))
    _say_before(kept, errors, resume=resume)
    try:
        with threadpoolctl.threadpool_limits(1), shown(errors) as tell:
            result = experiment.run(options, Runs(tell, kept))
        _hand_over(result, experiment.columns, console, json_file)
        if plot_file is not None:
            from dgstudio.lab.plots import draw

            draw(result, experiment, plot_file)
            console.print(f"Plot: {plot_file}", highlight=False, markup=False)
    except BaseException:
        # Ctrl+C and a closed pipe, too. What is kept is on disk: nothing has to be written now.
        if kept.runs:
            with suppress(OSError, SystemExit):
                _say(
                    errors,
                    f"{_runs(kept.runs)} kept in {kept.path}: the same command with --resume goes on from there.",
                )
        raise
    kept.remove()
    return result


def _say_before(kept: RunFile, errors: Console, *, resume: bool) -> None:
    """Take over what an earlier session left, if that is wanted, and say what becomes of it."""
    if resume:
        count = kept.take_over()
        if count:
            _say(errors, f"Going on from {kept.path}: {_runs(count)} taken over.")
        else:
            _say(errors, f"There is nothing to go on from ({kept.path}): beginning anew.")
    elif kept.left_before:
        _say(
            errors,
            f"An interrupted one left its runs in {kept.path}, which --resume goes on from; this one begins anew and "
            "puts them aside.",
        )


def _hand_over(result: Result, columns: tuple[str, ...], console: Console, json_file: Path | None) -> None:
    """Write the figures, then print the table: whoever reads it may be gone."""
    if json_file is not None:
        result.write_json(json_file)
    # In a file nothing has to fit on a screen.
    wide = console if console.is_terminal else PlainConsole(file=console.file, width=max(console.width, FILE_WIDTH))
    wide.print(result.table(columns), highlight=False)
    if json_file is not None:
        console.print(f"Figures: {json_file}", highlight=False, markup=False)


# -- progress ----------------------------------------------------------------------------------------------------------


@contextmanager
def shown(errors: Console) -> Iterator[Tell]:
    """Show progress: a bar on a terminal, lines elsewhere."""
    if not errors.is_terminal:
        yield PlainLines(errors)
        return
    bar = ProgressBar(
        TextColumn("[dim]{task.description}[/]"),
        BarColumn(),
        TextColumn("{task.fields[number]} of {task.fields[of]}"),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[left]}[/]"),
        console=errors,
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=1.0, number=0, of=0, left="")

        def tell(progress: Progress) -> None:
            bar.update(
                task,
                completed=progress.share,
                description=described(progress),
                number=progress.number,
                of=progress.of,
                left=left_of(progress),
            )

        yield tell


class PlainLines:
    """Progress as lines: the first at once, then at most one each `LINE_EVERY_S` seconds.

    `clock` gives seconds.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._clock = console, clock
        self._next = clock()

    def __call__(self, progress: Progress) -> None:
        """Print a line, if it is time for one."""
        now = self._clock()
        if now < self._next:
            return
        self._next = now + LINE_EVERY_S
        left = left_of(progress)
        line = f"{progress.number} of {progress.of}: {described(progress)} · {minutes(progress.passed_s)} so far"
        _say(self._console, f"{line}, {left}" if left else line)


def described(progress: Progress) -> str:
    """What it is at, as in "digits, seed 0, ours, 20 labels a class"."""
    run = progress.run
    parts = (run.data, f"seed {run.seed}", run.method, run.setting, progress.doing)
    return ", ".join(part for part in parts if part)


def left_of(progress: Progress) -> str:
    """As in "about 1:05 left"; "" where that is not known."""
    return "" if progress.left_s is None else f"about {minutes(progress.left_s)} left"


def minutes(seconds: float) -> str:
    """As in 0:07, 12:30, 1:02:30."""
    whole, second = divmod(round(seconds), 60)
    hour, minute = divmod(whole, 60)
    return f"{hour}:{minute:02}:{second:02}" if hour else f"{minute}:{second:02}"


def _runs(count: int) -> str:
    return "1 finished run is" if count == 1 else f"{count:,} finished runs are"


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)
