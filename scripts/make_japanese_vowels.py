"""Makes an NPZ file for `dgstudio experiment adapt --data`: nine speakers who say a Japanese vowel, 72 features each.

    pip download --no-deps aeon==1.6.0
    python scripts/make_japanese_vowels.py aeon-1.6.0-py3-none-any.whl japanese_vowels.npz

The data set *JapaneseVowels* of the UEA archive (M. Kudo, J. Toyama, M. Shimbo: *Multidimensional curve
classification using passing-through regions*, Pattern Recognition Letters 20, 1999; archive: arXiv:1811.00075): 640
utterances, each 7 to 29 frames of 12 LPC cepstrum coefficients. It is not part of this repository; the wheel of aeon
carries it. Each coefficient is read at six equally spaced moments, by linear interpolation; training and test file are
put one after the other, and the experiment splits them anew from its seed.
"""

from __future__ import annotations

import argparse
import sys
import zipfile
from pathlib import Path

import numpy as np

FILES = ("JapaneseVowels_TRAIN.ts", "JapaneseVowels_TEST.ts")
MOMENTS = 6


def utterances(text: str) -> tuple[list[np.ndarray], list[str]]:
    """Return the features (72,) of each utterance of a .ts file, and who speaks."""
    rows, speakers = [], []
    for line in text.splitlines():
        if not line.strip() or line[0] in "#@%":
            continue
        *channels, speaker = line.strip().split(":")
        curves = [np.array(channel.split(","), np.float64) for channel in channels]
        moments = np.linspace(0, len(curves[0]) - 1, MOMENTS)
        rows.append(np.concatenate([np.interp(moments, np.arange(len(curve)), curve) for curve in curves]))
        speakers.append(speaker)
    return rows, speakers


def main() -> None:
    """Read the wheel, write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path, help="a wheel of aeon that carries the data")
    parser.add_argument("out", type=Path, help="NPZ file to write")
    options = parser.parse_args()
    rows: list[np.ndarray] = []
    speakers: list[str] = []
    try:
        with zipfile.ZipFile(options.wheel) as wheel:
            inside = {Path(name).name: name for name in wheel.namelist()}
            for name in FILES:
                more, who = utterances(wheel.read(inside[name]).decode("utf-8", "replace"))
                rows += more
                speakers += who
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        sys.exit(f"{options.wheel} does not hold JapaneseVowels as expected: {error!r}")
    X = np.array(rows, np.float32)
    y = np.unique(speakers, return_inverse=True)[1].astype(np.int64)
    np.savez(options.out, X=X, y=y)
    print(f"{options.out}: {len(X)} utterances of {len(set(speakers))} speakers")


if __name__ == "__main__":
    main()
