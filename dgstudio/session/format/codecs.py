"""How numbers are packed into blobs: bytes by significance, compressed; columns one after the other."""

from __future__ import annotations

import struct
import zlib

import numpy as np

from dgstudio.guard.limits import ROW_BYTES


def pack(data: bytes, itemsize: int) -> bytes:
    """Compress items, or a safetensors file of them: a byte with the item size, then zlib over bytes by significance.

    The first bytes of all items come first, then the second ones: signs and exponents of neighbours are alike, while
    mantissas look random. A safetensors header is padded to 8 bytes, so items divide the whole.
    """
    by_item = np.frombuffer(data, np.uint8).reshape(-1, itemsize)
    return bytes([itemsize]) + zlib.compress(by_item.T.tobytes(), zlib.Z_BEST_SPEED)


def unpacked(data: bytes, most: int = ROW_BYTES) -> bytes:
    """What `pack` was given. `ValueError` or `zlib.error` where the bytes are damaged, or would be more than `most`."""
    itemsize = data[0] if data else 0
    if itemsize not in (1, 2, 4, 8):
        raise ValueError("no item size")
    plain = inflated(memoryview(data)[1:], most)
    by_significance = np.frombuffer(plain, np.uint8).reshape(itemsize, len(plain) // itemsize)
    return by_significance.T.tobytes()


def inflated(data: bytes | memoryview, most: int, dictionary: bytes = b"") -> bytes:
    """All of what zlib packed. `ValueError` or `zlib.error` where it is damaged, or would be more than `most`."""
    inflate = zlib.decompressobj(zdict=dictionary) if dictionary else zlib.decompressobj()
    # One byte more tells what is too long from what just fits; 0 would mean no limit.
    plain = inflate.decompress(data, most + 1)
    if len(plain) > most:
        raise ValueError(f"it would take more than {most:,} bytes")
    if not inflate.eof:
        raise ValueError("it is cut off")
    return plain


def joined(*columns: bytes) -> bytes:
    """Columns one after the other, each with its length before it (four bytes, little-endian)."""
    return b"".join(struct.pack("<I", len(column)) + column for column in columns)


def split(data: bytes) -> list[bytes]:
    """What `joined` was given. `ValueError` or `struct.error` where a part is cut off."""
    columns, at = [], 0
    while at < len(data):
        (length,) = struct.unpack_from("<I", data, at)
        column = data[at + 4 : at + 4 + length]
        if len(column) != length:
            raise ValueError("a column is cut off")
        columns.append(column)
        at += 4 + length
    return columns
