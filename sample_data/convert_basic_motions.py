"""Makes basic_motions.csv from the files BasicMotions_TRAIN.ts and BasicMotions_TEST.ts of the UEA archive.

    pip download --no-deps aeon==1.6.0
    python sample_data/convert_basic_motions.py aeon-1.6.0-py3-none-any.whl

The argument is the folder with the two .ts files, or a wheel of aeon or sktime that carries them. Python alone is
enough. Each line of a .ts file is one take: six channels separated by colons, then the activity. The numbers are
copied digit by digit; only their order changes (see README.md).
"""

from __future__ import annotations

import argparse
import csv
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

ACTIVITIES = ("Standing", "Running", "Walking", "Badminton")
CHANNELS = ("ax", "ay", "az", "gx", "gy", "gz")
RATE = 10
SAMPLES = 100
SPLITS = {"train": "BasicMotions_TRAIN.ts", "test": "BasicMotions_TEST.ts"}

Take = list[list[str]]
"""Six channels of a hundred numbers, as the text that the file has."""


def texts(origin: Path) -> dict[str, str]:
    """Return the text of both files, by split."""
    if origin.is_dir():
        return {split: (origin / name).read_text(encoding="utf-8") for split, name in SPLITS.items()}
    with zipfile.ZipFile(origin) as wheel:
        inside = {Path(name).name: name for name in wheel.namelist()}
        return {split: wheel.read(inside[name]).decode("utf-8") for split, name in SPLITS.items()}


def takes_of(text: str) -> dict[str, list[Take]]:
    """Return the takes of one file in its order, by activity."""
    takes: dict[str, list[Take]] = {activity: [] for activity in ACTIVITIES}
    for line in text.splitlines():
        if not line.strip() or line[0] in "#@%":
            continue
        *channels, activity = line.strip().split(":")
        take = [channel.split(",") for channel in channels]
        if len(take) != len(CHANNELS) or any(len(channel) != SAMPLES for channel in take):
            raise ValueError(f"a take of {activity} is not {len(CHANNELS)} channels of {SAMPLES} samples")
        takes[activity].append(take)
    return takes


def rows(by_split: dict[str, str]) -> Iterator[list[str | int]]:
    """Yield the rows of the CSV file: all training takes, then all test takes, the four activities in turn."""
    sample = number = 0
    for split, text in by_split.items():
        takes = takes_of(text)
        for turn in zip(*(takes[activity] for activity in ACTIVITIES), strict=True):
            for activity, take in zip(ACTIVITIES, turn, strict=True):
                for values in zip(*take, strict=True):
                    yield [f"{sample / RATE:.1f}", number, split, activity, *values]
                    sample += 1
                number += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("origin", type=Path, help="folder with the .ts files, or a wheel of aeon or sktime")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("basic_motions.csv"), help="CSV to write")
    options = parser.parse_args()
    try:
        table = list(rows(texts(options.origin)))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        sys.exit(f"{options.origin} does not hold BasicMotions as expected: {error}")
    with options.out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["time", "take", "split", "label", *CHANNELS])
        writer.writerows(table)
    print(f"{options.out}: {len(table)} samples")


if __name__ == "__main__":
    main()
