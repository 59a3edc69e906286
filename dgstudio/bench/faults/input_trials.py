"""A damaged table or base model is read as an import, as a recording and as a base would be."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from dgstudio.bench.faults.mutations import damaged_bytes, damaged_table
from dgstudio.bench.faults.pool import Outcome, Try
from dgstudio.engine.imports.column_mapping import Target, guessed
from dgstudio.engine.imports.plan import plan_import
from dgstudio.engine.imports.sources import read_any
from dgstudio.errors import DgstudioError
from dgstudio.model.base_model_file import BaseModel
from dgstudio.streams.features import SignalFeatures
from dgstudio.streams.imports.watch import Watch
from dgstudio.streams.recordings.source import RecordingSource
from dgstudio.streams.registry import open_source

READ_BLOCKS = 20


def prepare_inputs(sound: Path, folder: Path, seed: int) -> Try:
    """Trials on copies of the sound tables and of the base model, which has one trial in eight."""
    spec = open_source("simulator").spec
    target = Target(spec, SignalFeatures(spec).names, ("rest", "walk"))
    files = {name: (sound / name).read_bytes() for name in ("table.csv", "table.arff", "table.npz", "base.safetensors")}

    def imported(path: Path) -> None:
        table = read_any(path, target, Watch())
        plan_import(table, guessed(table, target), target, Watch())

    def played(path: Path) -> None:
        source = RecordingSource(path, loop=False)
        source.open()
        for _ in range(READ_BLOCKS):
            source.read(0.0)
        source.close()

    ways: list[tuple[str, Callable[[Path], object]]] = [
        ("table.csv", imported),
        ("table.csv", played),
        ("table.csv", imported),
        ("table.arff", imported),
        ("table.arff", imported),
        ("table.npz", imported),
        ("table.npz", played),
        ("base.safetensors", BaseModel.load),
    ]

    def make(number: int) -> tuple[Outcome, str]:
        chance = random.Random(f"input {seed} {number}")
        name, read = ways[number % len(ways)]
        data, text = files[name], name.endswith((".csv", ".arff"))
        for _ in range(chance.choice((1, 1, 2, 4))):
            data = (damaged_table if text else damaged_bytes)(data, chance)
        path = folder / f"{number % 2}{name}"
        path.write_bytes(data)
        try:
            read(path)
        except DgstudioError:
            return Outcome.REFUSED, ""
        return Outcome.FINE, ""

    return make
