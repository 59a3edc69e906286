"""The process that exports beside a running studio: `python -m dgstudio.session.export.process SESSION KIND FILE`.

It says on standard output what came of it, one JSON object a line with a key of `Told`. A fourth argument, `OVERWRITE`,
lets it replace a file that is there.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dgstudio.errors import DgstudioError
from dgstudio.session.export.kinds import OVERWRITE, ExportKind, Told
from dgstudio.session.export.request import ExportRequest


def main(arguments: Sequence[str]) -> int:
    """Export; the exit status is 1 where it was refused. What is unforeseen ends it with a traceback."""
    session, kind, file, *options = arguments
    wanted: dict[str, Any] = {ExportKind(kind).value: Path(file)}
    try:
        ExportRequest(Path(session), overwrite=OVERWRITE in options, **wanted).run(
            lambda words: _tell(Told.SAID, words)
        )
    except DgstudioError as error:
        _tell(Told.REFUSED, str(error))
        return 1
    return 0


def _tell(what: Told, words: str) -> None:
    print(json.dumps({what: words}), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
