"""LSL on this machine only, without what others on the network send."""

from __future__ import annotations

import os
from pathlib import Path

CONFIG = Path(__file__).parents[2] / "streams" / "lsl" / "lsl_api.cfg"
# Read by the library when it is first used; what a test starts has it too.
os.environ.setdefault("LSLAPICFG", str(CONFIG))
