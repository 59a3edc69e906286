"""The start, in the order in which things are seen: a splash first, since engine and window take most imports."""

from __future__ import annotations

from typing import Any

from dgstudio.studio.bridge.settings import THEME, open_settings
from dgstudio.studio.ending import Ending
from dgstudio.studio.splash import Splash
from dgstudio.studio.theme.application import application
from dgstudio.studio.theme.theme import THEMES, load_fonts
from dgstudio.studio.timings import Timings


def start_studio(**options: Any) -> int:
    """Open the studio; returns the exit status. `options` are those of `StudioOptions`.

    The collector is best off; it is on once the window is there.
    """
    timings = Timings()
    # Kept by this name until the end.
    app = application()
    ending = Ending()
    load_fonts()
    splash = Splash(THEMES.get(str(open_settings().value(THEME, "dark")), THEMES["dark"]))
    try:
        splash.say("Loading the model…")
        timings.note("splash")
        from dgstudio.studio.launch import EngineOpening, StudioOptions, make_and_start

        wanted = StudioOptions(**options)
        making = EngineOpening(lambda: make_and_start(wanted))
        try:
            # The window is imported while the engine's thread computes and its stream begins to run.
            from dgstudio.studio.app import run_studio

            splash.say("Opening the window…")
            return run_studio(wanted, making, splash, timings, ending)
        except BaseException:
            making.give_up()
            making.join()
            raise
    finally:
        splash.close()
        ending.done()
        del app
