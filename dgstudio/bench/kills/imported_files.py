"""What the windows that are killed import: a table of windows as features, and another session."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dgstudio.records import dataclass
from dgstudio.session.file import Session
from dgstudio.session.restore import FEATURES, SIGNAL, signal_of
from dgstudio.types import F32, ClassInfo, Example, LabelledBy, StreamSpec, Take

LABELS = ("circle", "wave", "hop")
"""Of what is imported: classes that the window has, and one that it gets by the import."""
ROWS = 1500
"""More than are written as one transaction, so that a kill may come between two."""
WITH_WINDOW = 100
"""So many examples of the other session have a window of their own."""
SPREAD = 0.1
"""How far the examples lie from those that they are made of, in standard deviations."""


@dataclass(frozen=True, slots=True)
class ImportedFiles:
    """Writes the files of one session beside it, each once and whole: whoever writes them may be killed at it.

    `around`: (n, d) raw features that what is imported resembles.
    """

    session: Path
    spec: StreamSpec
    names: Sequence[str]
    around: F32

    def table(self) -> Path:
        """A CSV file of windows: a row is an example, its features by name, and its label."""
        path = self.session.with_suffix(".windows.csv")
        if not path.exists():
            being_written = self._being_written(path)
            features, labels = self._rows(1)
            with being_written.open("w", newline="", encoding="utf-8") as file:
                rows = csv.writer(file)
                rows.writerow([*self.names, "label"])
                rows.writerows(
                    [*map("{:.6g}".format, row), LABELS[label]]
                    for row, label in zip(features.tolist(), labels, strict=True)
                )
            being_written.replace(path)
        return path

    def other_session(self) -> Path:
        """A session with as many examples, some of them with their windows."""
        path = self.session.with_suffix(".other.dgs")
        if not path.exists():
            being_written = self._being_written(path)
            features, labels = self._rows(2)
            moments = np.arange(self.spec.window)[:, None] / self.spec.rate
            window = np.sin(2 * np.pi * moments + np.arange(len(self.spec.channels))).astype(np.float32)
            with Session.create(being_written) as session:
                session.set_config(FEATURES, list(self.names))
                session.set_config(SIGNAL, signal_of(self.spec))
                for number, name in enumerate(LABELS, 1):
                    session.put_class(ClassInfo(number, name, str(number), "#e69f00"))
                    of_class = labels.count(number - 1)
                    session.put_take(Take(number, number, 0.0, 1.0, "tape", LabelledBy.HELD, examples=of_class))
                session.put_examples(
                    [
                        Example(
                            identity,
                            label + 1,
                            label + 1,
                            features[identity],
                            identity / 50,
                            identity / 50 + 1,
                            raw=window if identity < WITH_WINDOW else None,
                        )
                        for identity, label in enumerate(labels)
                    ]
                )
            being_written.replace(path)
        return path

    @staticmethod
    def _being_written(path: Path) -> Path:
        return path.with_name(f"{path.stem}-{os.getpid()}{path.suffix}")

    def _rows(self, seed: int) -> tuple[F32, list[int]]:
        chance = np.random.default_rng(seed)
        labels = np.sort(chance.integers(len(LABELS), size=ROWS)).tolist()
        rows = self.around[chance.integers(len(self.around), size=ROWS)]
        return (rows + SPREAD * self.around.std(axis=0) * chance.normal(size=rows.shape)).astype(np.float32), labels
