"""Modules that take long to import, imported when a test first uses them: each process of the tests knows all tests."""

from __future__ import annotations

import importlib
from typing import Any


class Later:
    """Stands for a module: what is asked of it is asked of the module."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(importlib.import_module(self._name), attribute)
