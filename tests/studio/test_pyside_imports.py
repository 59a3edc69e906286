"""PySide's hook on imports: what the start takes from it."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import inspect, sys
from dgstudio.studio.pyside_imports import keep_from_reading_sources
keep_from_reading_sources()
inspect.getsource = None
import dgstudio.reasons.refused
assert "dgstudio.reasons.refused" in sys.modules
print("read nothing")
"""


def test_no_source_is_read_when_a_module_is_imported():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "read nothing\n", done.stderr
