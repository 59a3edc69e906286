"""The finished runs of an experiment as a file, written anew after each: whatever ends a program leaves them."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import fields
from itertools import count
from pathlib import Path
from typing import Any, Final

from dgstudio import __version__
from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.guard.files import make_folder, read_regular
from dgstudio.guard.limits import JSON_CHARACTERS
from dgstudio.guard.texts import json_value
from dgstudio.kernel import KERNEL
from dgstudio.lab.experiment import Options
from dgstudio.lab.results import Row
from dgstudio.lab.runs import RunId
from dgstudio.session.export.atomic_write import write_whole
from dgstudio.session.storage.location import data_folder

ENDING: Final = ".partial.json"
NO_NUMBER: Final = "no number"
"""Key of an object that stands for a float that JSON has no number for; its value is "nan", "inf" or "-inf"."""


def asked(name: str, options: Options) -> dict[str, Any]:
    """What an experiment was asked for and by which program, JSON-able: runs of equal ones can be put together.

    Data in a file are told apart by their content too.
    """
    wanted: dict[str, Any] = {"experiment": name, "dgstudio": __version__, "kernel": KERNEL}
    for field in fields(options):
        value = getattr(options, field.name)
        wanted[field.name] = list(value) if isinstance(value, tuple) else str(value) if field.name == "data" else value
    if options.data is not None:
        with suppress(OSError, ValueError), Path(options.data).open("rb") as file:
            wanted["data_digest"] = hashlib.file_digest(file, "blake2b").hexdigest()[:32]
    return wanted


def run_file_path(json_file: Path | None, wanted: dict[str, Any]) -> Path:
    """Where finished runs are kept: beside the file that gets the figures, else in the user's data folder."""
    # Not beside /dev/stdout.
    if json_file is not None and (json_file.is_file() or not json_file.exists()):
        return json_file.with_name(f"{json_file.stem}{ENDING}")
    digest = hashlib.blake2b(json.dumps(wanted, sort_keys=True).encode()).hexdigest()[:8]
    return data_folder() / "experiments" / f"{wanted['experiment']}-{digest}{ENDING}"


class RunFile:
    """Finished runs in one JSON file, whole at every moment: {"asked", "runs": [{"data", "seed", …, "rows"}]}.

    One thread. Where it cannot be written, that is said once, and what is measured goes on. What another session left
    there is only taken over by `take_over`; where it is not, it is put aside before the first run of this one takes
    its place.

    Parameters
    ----------
    wanted
        What was asked for (see `asked`).
    say
        Called with a sentence where a run could not be kept.

    Attributes
    ----------
    path : where it lies; it need not exist.
    """

    def __init__(
        self, path: Path, wanted: dict[str, Any], say: Callable[[str], object] = lambda sentence: None
    ) -> None:
        self.path = path
        self._say = say
        self._on_disk = 0
        self._refused = False
        self._asked = wanted
        self._rows: dict[RunId, list[Row]] = {}
        self._left = path.exists()

    @property
    def runs(self) -> int:
        """Finished runs that are in the file: taken over, or measured now."""
        return self._on_disk

    @property
    def left_before(self) -> bool:
        """Whether another session's runs lie there, which are not taken over."""
        return self._left

    def take_over(self) -> int:
        """Read what another session left, and return how many runs that are; 0 where there is nothing.

        Raises
        ------
        BadInputError
            If it was asked for something else, made by another version, or cannot be read.
        """
        if not self.path.exists():
            return 0
        try:
            found = json_value(read_regular(self.path, JSON_CHARACTERS), plain=False)
            before = dict(found["asked"])
            rows = {
                RunId(run["data"], run["seed"], run["method"], run["setting"]): [_decoded(row) for row in run["rows"]]
                for run in found["runs"]
            }
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise BadInputError(
                f"{self.path} cannot be read as the runs of an experiment: leave out --resume to begin anew."
            ) from error
        if before != self._asked:
            names = [key for key in self._asked | before if before.get(key) != self._asked.get(key)]
            what = ", ".join(name.replace("_", " ") for name in names)
            raise BadInputError(
                f"{self.path} holds runs with another {what}: ask for the same, or leave out --resume to begin anew."
            )
        self._rows, self._left = rows, False
        self._on_disk = len(rows)
        return len(rows)

    def rows_of(self, run: RunId) -> list[Row] | None:
        """Rows that are kept of this run, or None."""
        return self._rows.get(run)

    def keep(self, run: RunId, rows: Sequence[Row]) -> None:
        """Keep a finished run; it is on disk when this returns, unless the system refuses."""
        # A copy: whoever measured it may go on with its rows.
        self._rows[run] = [dict(row) for row in rows]
        try:
            self._write()
        except DgstudioError as error:
            # What is being measured is worth more than its copy.
            if not self._refused:
                self._say(f"Finished runs are not kept: {error}")
            self._refused = True
        else:
            self._on_disk = len(self._rows)

    def _write(self) -> None:
        runs = [
            {
                "data": run.data,
                "seed": run.seed,
                "method": run.method,
                "setting": run.setting,
                "rows": [{name: _encoded(value) for name, value in row.items()} for row in rows],
            }
            for run, rows in self._rows.items()
        ]
        text = json.dumps({"asked": self._asked, "runs": runs}, ensure_ascii=False, allow_nan=False)
        with suppress(OSError):  # refused or not, writing says so
            make_folder(self.path.parent)
        self._put_aside()
        write_whole([(self.path, lambda new: new.write_text(text + "\n", encoding="utf-8"))], overwrite=True)

    def remove(self) -> None:
        """Take the file away: all that was asked for is elsewhere. What another session left stays."""
        if self._on_disk:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)

    def _put_aside(self) -> None:
        """Give what another session left a name of its own."""
        if self._left:
            stem = self.path.name.removesuffix(ENDING)
            free = (self.path.with_name(f"{stem}-{number}{ENDING}") for number in count(2))
            with suppress(FileNotFoundError):
                self.path.replace(next(path for path in free if not path.exists()))
            self._left = False


def _encoded(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {NO_NUMBER: str(float(value))}
    return value


def _decoded(row: dict[str, Any]) -> Row:
    return {
        name: float(value[NO_NUMBER]) if isinstance(value, dict) and NO_NUMBER in value else value
        for name, value in row.items()
    }
