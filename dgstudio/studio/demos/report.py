"""The report of a demo that was played unattended: captions, claims, pictures, one HTML file; and figures as CSV."""

from __future__ import annotations

import base64
import csv
import time
from pathlib import Path
from typing import Any

from dgstudio import __version__
from dgstudio.errors import DgstudioError
from dgstudio.guard.files import make_folder
from dgstudio.session.export.atomic_write import needed, write_whole
from dgstudio.session.export.stylesheet import STYLE
from dgstudio.studio.demos.claims.outcome import Outcome, StepOutcome
from dgstudio.studio.demos.script import Script


class DemoReport:
    """Collects what is written into a folder.

    Raises
    ------
    MissingLibraryError
        If jinja2 is not installed.
    DgstudioError
        If there can be no such folder.
    """

    def __init__(self, script: Script, folder: Path) -> None:
        needed("jinja2")
        self._script, self.folder = script, folder
        self._pictures: list[Path] = []
        try:
            make_folder(folder)
        except OSError as error:
            raise DgstudioError(f"The report cannot be written to {folder}: {error.strerror or error}.") from error

    def picture_path(self) -> Path:
        """Return where the picture of the next step goes."""
        path = self.folder / f"{self._script.name}-{len(self._pictures) + 1:02}.png"
        self._pictures.append(path)
        return path

    def write(self, outcome: Outcome) -> Path:
        """Write page and figures; returns the page's file."""
        page = self.folder / f"{self._script.name}.html"
        figures = self.folder / f"{self._script.name}.csv"
        write_whole(
            [
                (page, lambda new: new.write_text(self._page(outcome), encoding="utf-8")),
                (figures, lambda new: _write_figures(new, outcome)),
            ],
            overwrite=True,
        )
        return page

    def _page(self, outcome: Outcome) -> str:
        from jinja2 import Environment, PackageLoader, StrictUndefined
        from markupsafe import Markup

        environment = Environment(
            loader=PackageLoader("dgstudio.studio.demos", ""),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        pictures = [*self._pictures, *[None] * len(outcome.steps)]
        return environment.get_template("report.html.j2").render(
            style=Markup(STYLE),  # our own
            script=self._script,
            outcome=outcome,
            steps=[_row(step, path) for step, path in zip(outcome.steps, pictures, strict=False)],
            written=time.strftime("%Y-%m-%d %H:%M"),
            version=__version__,
        )


def _row(step: StepOutcome, path: Path | None) -> dict[str, Any]:
    data = base64.b64encode(path.read_bytes()).decode() if path is not None and path.is_file() else ""
    return {"step": step, "picture": f"data:image/png;base64,{data}" if data else ""}


def _write_figures(path: Path, outcome: Outcome) -> None:
    """One row a step, one column a figure; an empty cell is not known."""
    names = [figure.name for figure in outcome.steps[0].figures] if outcome.steps else []
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["step", "seconds", *names, "claims true", "claims false"])
        for step in outcome.steps:
            verdicts = [claim.verdict.value for claim in step.claims]
            values = ["" if figure.value is None else figure.value for figure in step.figures]
            counts = verdicts.count("true"), verdicts.count("false")
            rows.writerow([step.name, f"{step.moment:.2f}", *values, *counts])
