"""How much is taken in at most, before it is taken in: one figure a line, with the reason for it.

Files, sessions and base models come from others. What is unpacked, counted or named there is compared with these
figures first, and refused in a sentence. Each is far above what dgstudio makes itself.
"""

from __future__ import annotations

from typing import Final

MB: Final = 1 << 20
GB: Final = 1 << 30

# -- tables: recordings and files to be imported -----------------------------------------------------------------------

TABLE_BYTES: Final = GB
"""A table on disk. Eight hours of 6 channels at 200 Hz are 350 MB of CSV."""
UNPACKED_BYTES: Final = GB
"""All arrays of an NPZ file together: as much as a table may hold that is not packed."""
IMPORT_CELLS: Final = 60_000_000
"""Cells of a file to be imported: what fits the memory of a laptop beside everything else, as float64."""
RECORDING_CELLS: Final = 128_000_000
"""Cells of a recording, of which only float32 stay: an hour of 64 channels at 500 Hz are 115 million."""
COLUMNS: Final = 20_000
"""Columns of a table. Examples of an image have 1,280 features; the longest series of the UEA archive, 18,000."""
LINE_CHARACTERS: Final = 32 * MB
"""A line of text. The longest of the UEA archive, a whole take, has 4 million characters."""
CHUNK_CELLS: Final = 400_000
"""Cells that are held as Python text at once, some 60 bytes each."""
MEMBERS: Final = 1_000
"""Arrays in an NPZ file. An export has 13."""

# -- texts -------------------------------------------------------------------------------------------------------------

NAME: Final = 60
"""Characters of a class name; longer ones would not fit a card."""
LABEL: Final = 200
"""Characters of the name of a column, a channel, a feature or a source. The longest feature of ours has 40."""
CELL: Final = 2_000
"""Characters of a cell that is a name; what is too long for a class is refused by its whole length."""
NOTE: Final = 500
"""Characters of a note on examples."""
NOTE_SHOWN: Final = 2_000
"""Characters of a note that are read of a session; one that dgstudio wrote has at most a quarter."""
JSON_CHARACTERS: Final = 32 * MB
"""A text of JSON. The relabelling of 50,000 scattered examples takes 1 MB of the history."""
JSON_DEPTH: Final = 64
"""Lists and dictionaries inside one another. Ours have at most 8; Python itself gives up near 1,000."""

# -- sessions ----------------------------------------------------------------------------------------------------------

ARRAY_BYTES: Final = 128 * MB
"""One stored array. The sums of 4,096 features, the most that a bank is made of, are 67 MB."""
VERSION_BYTES: Final = GB
"""All arrays of one version of the model; each seal adds 4 MB to them."""
ROW_BYTES: Final = 64 * MB
"""A column of a recorded block or of a pack of receipts. One second of 64 channels at 100,000 Hz is 26 MB."""
WINDOW_VALUES: Final = 4_000_000
"""Samples × channels of the raw window of one example. One second of 64 channels at 10,000 Hz is 640,000."""
WINDOWS_FREE_BYTES: Final = 256 * MB
"""All raw windows of a session, unpacked: so much in any session, however small its file is …"""
WINDOWS_GROWTH: Final = 64
"""… and beyond that so many times the file. A dead sensor's windows pack to a tenth, with what stands beside them."""
CLASSES: Final = 10_000
"""Classes of a session, removed ones too."""
IDS: Final = 10_000_000
"""Examples that one act of the history moves. A long session has some 100,000."""

# -- base models -------------------------------------------------------------------------------------------------------

BASE_BYTES: Final = 256 * MB
"""A base model's file. Those that ship are 5 MB; with 4,096 features it would be 70 MB."""
BASE_HEADER: Final = 4 * MB
"""Its header: names and places of arrays, classes and features. 1,280 features take 60 kB."""
DIMENSION: Final = 100_000_000
"""The longest side of any stored array: an empty one may claim any shape without taking a byte."""
