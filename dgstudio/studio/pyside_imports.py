"""What PySide does at every import, and this program does without."""

from __future__ import annotations

import sys

import PySide6.QtCore  # noqa: F401 (it brings the hook)


def keep_from_reading_sources() -> None:
    """Keep PySide from reading the source of every module that is imported from now on.

    It looks there for its own name, to know in which modules `from __feature__ import …` counts, which nothing here
    uses. Reading them takes a sixth of the start. The hook is no part of PySide's interface: where a release has
    another one, all that happens is that the start takes longer.
    """
    hook = sys.modules.get("shibokensupport.feature")
    if hasattr(hook, "_mod_uses_pyside"):
        setattr(hook, "_mod_uses_pyside", lambda module: True)  # noqa: B010 (no name that a type checker knows)
