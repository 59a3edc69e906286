"""What a user does to have followed the hints of a first start, in their order."""

from __future__ import annotations

from typing import Final

MARKED: Final = "marked"
TAUGHT: Final = "taught"
ASKED: Final = "asked"
LOOKED_FURTHER: Final = "looked further"
