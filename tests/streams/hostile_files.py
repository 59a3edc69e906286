"""Writes files that nobody would make by chance, reads each with 1 GB of memory at most, and says what came of it.

Run as a program: `python hostile_files.py FOLDER` prints a line of JSON a file: its name, what reading it raised and
said, and the seconds it took.
"""

from __future__ import annotations

import io
import json
import resource
import struct
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

GB = 1 << 30


def npy(shape: tuple[int, ...], descr: str = "<f4", data: bytes = b"") -> bytes:
    """An array's file with a header that may lie."""
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape!r}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def archive(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP file of these."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, data in members:
            file.writestr(name, data)
    return out.getvalue()


def bomb() -> bytes:
    """The beginning of 6 GB of zeros in 6 MB."""
    out = io.BytesIO()
    zeros = bytes(1 << 24)
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file,
        file.open("X.npy", "w", force_zip64=True) as member,
    ):
        member.write(npy((6 * GB // 400, 100)))
        for _ in range(2):
            member.write(zeros)
    return out.getvalue()


def understated(shape: tuple[int, ...], data: bytes) -> bytes:
    """A member of which the list of contents says that it is short."""
    whole = bytearray(archive(("X.npy", npy(shape, data=data))))
    at = whole.rfind(b"PK\x01\x02")
    whole[at + 24 : at + 28] = struct.pack("<I", 200)
    return bytes(whole)


def safetensors(header: object, data: bytes = b"", size: int | None = None) -> bytes:
    """A safetensors file."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if size is None else size) + text + data


def entry(shape: list[int], end: int = 0) -> dict[str, object]:
    """An array in such a file."""
    return {"dtype": "F32", "shape": shape, "data_offsets": [0, end]}


ONE = npy((3, 2), data=np.arange(6, dtype=np.float32).tobytes())
RELATION = "@relation r\n@attribute m relational\n@attribute x numeric\n@end m\n@attribute c {a,b}\n@data\n"
HOSTILE: dict[str, Callable[[], bytes]] = {
    "quotes.csv": lambda: b'"\n"\n',
    "only quotes.csv": lambda: b'""\n""\n',
    "one quote.csv": lambda: b'"',
    "open quote.csv": lambda: b'a,b\n1,"2\n' + b"3,4\n" * 1000,
    "separators.csv": lambda: b",\n,\n",
    "comment.csv": lambda: b"# nothing\n#\n",
    "nul.csv": lambda: b"a,b\n1,\0\n",
    "many columns.csv": lambda: b"a," * 200_000 + b"\n" + b"1," * 200_000,
    "one name.csv": lambda: b"a," * 15_000 + b"b\n" + b"1," * 15_000 + b"1\n",
    "wide later.csv": lambda: b"a,b\n1,2\n" + b"," * 3_000_000,
    "wide and quoted.csv": lambda: b'"a",b\n1,2\n' + b"," * 3_000_000,
    "one row of many lines.csv": lambda: b'a,b\n"' + b'\n","' * 1_000_000,
    "one line.csv": lambda: b"a,b\n" + b"1" * (4 << 20),
    "long cell.csv": lambda: b'"a",b\n"' + b"x" * 300_000 + b'",1\n',
    "long name.csv": lambda: b"a" * 3_000_000 + b",b\n1,2\n",
    "spreadsheet of nothing.csv": lambda: b"\n" * 300_000,
    "utf16 half.csv": lambda: b"\xff\xfea",
    "numbers.csv": lambda: b"a,b\n1e999,-1e999\n" + b"9" * 5000 + b",nan\n",
    "empty.npz": lambda: b"",
    "no members.npz": lambda: archive(),
    "bomb.npz": bomb,
    "claims 6 GB.npz": lambda: archive(("X.npy", npy((6 * GB // 4, 1)))),
    "no rows, endless columns.npz": lambda: archive(("X.npy", npy((0, 9_999_999_999)))),
    "endless rows of nothing.npz": lambda: archive(("X.npy", npy((9_999_999_999, 0)))),
    "below the least.npz": lambda: archive(("X.npy", npy((-1, 5)))),
    "more than counts.npz": lambda: archive(("X.npy", npy((1 << 40, 1 << 40)))),
    "long texts.npz": lambda: archive(("X.npy", ONE), ("y.npy", npy((3,), "<U500000000"))),
    "no texts, long ones.npz": lambda: archive(("X.npy", npy((0, 2))), ("y.npy", npy((0,), "<U536870911"))),
    "objects.npz": lambda: archive(("X.npy", npy((3,), "|O", b"x" * 30))),
    "cut off.npz": lambda: archive(("X.npy", npy((30, 2), data=b"12345"))),
    "understated.npz": lambda: understated((100_000, 2), bytes(800_000)),
    "odd header.npz": lambda: archive(("X.npy", b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 65535)),
    "long header.npz": lambda: archive(("X.npy", b"\x93NUMPY\x02\x00" + struct.pack("<I", GB) + b"(" * 65535)),
    "records.npz": lambda: archive(("X.npy", npy((2,), "|V8", bytes(16)))),
    "many members.npz": lambda: archive(*((f"{i}.npy", ONE) for i in range(3000))),
    "two of a name.npz": lambda: archive(("X.npy", ONE), ("Y.npy", ONE)).replace(b"Y.npy", b"X.npy"),
    "lzma.npz": lambda: archive(("X.npy", ONE), method=zipfile.ZIP_LZMA),
    "many channels.npz": lambda: archive(("X.npy", npy((1, 500_000), data=bytes(2_000_000)))),
    "six axes.npz": lambda: archive(("X.npy", npy((1, 1, 1, 1, 1, 1), data=bytes(4)))),
    "long channels.npz": lambda: archive(
        ("X.npy", ONE), ("channels.npy", npy((2,), "<U900000", "x".encode("utf-32-le") * 1_800_000))
    ),
    "nothing.arff": lambda: b"",
    "no data.arff": lambda: b"@relation r\n@attribute a numeric\n",
    "blanks.arff": lambda: b"@attribute a numeric\n@data\n'x" + b" " * 1_000_000 + b"y'z\n",
    "blanks in a name.arff": lambda: b"@attribute a" + b" " * 1_000_000 + b"x y\n@data\n",
    "many attributes.arff": lambda: b"@attribute a numeric\n" * 30_000 + b"@data\n",
    "many values.arff": lambda: (
        b"@attribute a {" + b",".join(b"%d" % i for i in range(200_000)) + b"}\n@data\n" + b"199999\n" * 3000
    ),
    "a relation in a relation.arff": lambda: b"@attribute a relational\n" * 3000,
    "uneven relation.arff": lambda: RELATION.encode() + b"'1,2\\n3',a\n'',b\n'x\\ny',a\n",
    "endless place.arff": lambda: b"@attribute a numeric\n@data\n{99999999999999999999 1}\n{\xc2\xb2 1}\n",
    "a folder of quotes.arff": lambda: b"@attribute 'a numeric\n@data\n" + b"'" * 100_000,
    "empty.safetensors": lambda: b"",
    "endless header.safetensors": lambda: safetensors({}, size=1 << 62),
    "header of 100 MB.safetensors": lambda: safetensors(b'{"a":"' + b"x" * (20 << 20) + b'"}'),
    "deep.safetensors": lambda: safetensors(b"[" * 200_000),
    "deep metadata.safetensors": lambda: safetensors({"__metadata__": {"dgstudio": "[" * 200_000}}),
    "no dictionary.safetensors": lambda: safetensors([1, 2]),
    "no shape.safetensors": lambda: safetensors({"a": 1}),
    "shape of words.safetensors": lambda: safetensors({"a": {**entry([]), "shape": ["x", None]}}),
    "endless shape.safetensors": lambda: safetensors({"a": entry([0, 9_999_999_999])}),
    "below the least.safetensors": lambda: safetensors({"a": entry([-1])}),
    "overlap.safetensors": lambda: safetensors({"a": entry([2], 8), "b": entry([2], 8)}, bytes(8)),
    "beyond.safetensors": lambda: safetensors({"a": entry([GB], 4 * GB)}, bytes(8)),
    "metadata of numbers.safetensors": lambda: safetensors({"__metadata__": 7}),
    "metadata of a list.safetensors": lambda: safetensors({"__metadata__": {"dgstudio": "[1]"}}),
    "odd type.safetensors": lambda: safetensors({"a": {**entry([2], 4), "dtype": "BF16"}}, bytes(4)),
    "invalid text.safetensors": lambda: safetensors(b'{"\xff\xfe": 1}'),
}


def main(folder: Path) -> None:
    """Read them all."""
    from dgstudio.guard.limits import MB
    from dgstudio.model.base_model_file import BaseModel
    from dgstudio.streams.imports.reading import read_import
    from dgstudio.streams.imports.watch import Watch
    from dgstudio.streams.recordings.source import RecordingSource
    from dgstudio.streams.tables import csvfile

    # The files would have to be larger, and take longer.
    csvfile.LINE_CHARACTERS = MB  # type: ignore[misc]
    for name, make in HOSTILE.items():
        path = folder / name
        path.write_bytes(make())
    # What reading takes on top of what is there already.
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + GB, used + GB))
    for name in HOSTILE:
        path = folder / name
        readers: list[Callable[[Path], object]] = [lambda path: read_import(path, 2, Watch()), RecordingSource]
        if path.suffix == ".safetensors":
            readers = [BaseModel.load]
        for reader in readers:
            began, raised, said = time.monotonic(), "", ""
            try:
                reader(path)
            except Exception as error:
                raised, said = type(error).__name__, str(error)
            print(json.dumps([name, raised, said, time.monotonic() - began]), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
