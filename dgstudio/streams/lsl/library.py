"""pylsl, imported when it is first needed: its library starts threads of its own, and talks."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

from dgstudio.errors import BadInputError
from dgstudio.extras.known import needs

QUIET = "[log]\nlevel = -3\n"
"""Nothing but errors: what is wrong is said by us."""


@cache
def lsl() -> Any:
    """Return pylsl.

    Raises
    ------
    BadInputError
        If it is not installed, or its library cannot be loaded here.
    """
    try:
        import pylsl
    except ImportError as error:
        raise BadInputError(needs("LSL streams need", "pylsl")) from error
    except (RuntimeError, OSError) as error:
        first = str(error).strip().partition("\n")[0]
        raise BadInputError(
            f"The library of LSL cannot be loaded ({first}): install liblsl for this system, as with "
            "conda install -c conda-forge liblsl."
        ) from error
    if not _configured():
        pylsl.set_config_content(QUIET)
    return pylsl


def _configured() -> bool:
    """Whether the user has a configuration of LSL, which says more than ours."""
    if os.environ.get("LSLAPICFG"):
        return True
    places = (Path("lsl_api.cfg"), Path.home() / "lsl_api" / "lsl_api.cfg", Path("/etc/lsl_api/lsl_api.cfg"))
    return any(place.is_file() for place in places)
