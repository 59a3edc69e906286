"""`python -m dgstudio.extras install train`: install extras before, or without, the rest of dgstudio."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress

from dgstudio.errors import DgstudioError
from dgstudio.extras.installation import Installation, plan_words
from dgstudio.extras.known import EXTRAS, listed, requirements, satisfied


def main(arguments: Sequence[str] | None = None) -> int:
    """Install extras and say how far it is, or say what would be done; the exit status is 1 where that failed."""
    parser = argparse.ArgumentParser(
        prog="python -m dgstudio.extras", description="Install packages that some features of dgstudio need."
    )
    parser.add_argument("act", choices=("install", "plan"), help="do it, or only say what would be done")
    parser.add_argument("extras", nargs="+", choices=tuple(EXTRAS), metavar="EXTRA", help=", ".join(EXTRAS))
    given = parser.parse_args(arguments)
    for extra in (EXTRAS[name] for name in given.extras):
        if satisfied(extra):
            print(
                f"Nothing to install: {listed(requirements(extra))} {'are' if len(extra.packages) > 1 else 'is'} there."
            )
            continue
        installation = Installation(extra, ask=False, tell=lambda text: print(text, flush=True))
        try:
            if given.act == "plan":
                print(plan_words(installation.make_plan()))
                continue
            installation.run()
        except DgstudioError as error:
            installation.failure = str(error)
        except KeyboardInterrupt:
            return 130
        if installation.failure:
            print(f"dgstudio: {installation.failure}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    with suppress(AttributeError, ValueError):
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # TextIO may lack it, as suppressed above
    sys.exit(main())
