"""The first demo in the real program, from its key to what the audience sees; and whether all captions are true."""

from __future__ import annotations

import time
from typing import Any

from PySide6.QtCore import QSettings, Qt

from dgstudio.bench.ui_script import Hands, Script, Until
from dgstudio.bench.views.paints import Paints
from dgstudio.streams.camera.lite0_embedding import lite0_at_hand
from dgstudio.studio import app
from dgstudio.studio.crash_trace import CrashTrace
from dgstudio.studio.demos.catalogue import SHIPPED, script_path
from dgstudio.studio.demos.claims.outcome import Outcome
from dgstudio.studio.demos.player import Phase, Player
from dgstudio.studio.demos.reading import read_script
from dgstudio.studio.launch import StudioOptions, make_engine
from dgstudio.studio.session_switcher import Sessions
from dgstudio.studio.unattended import run_unattended
from dgstudio.types import TwinKind

SIZE = (1280, 720)
ALL_S = 20.0
"""A run of so many seconds a measure plays every demo that ships, a shorter one the first only."""


def demo_figures(seconds: float, settings: QSettings) -> dict[str, Any]:
    """Seconds from F6 until the audience sees a network lose old answers, and ours none; claims, and false ones.

    Qt's thread.

    Raises
    ------
    DgstudioError
        Where a demo cannot be played, or what it shows does not come.
    """
    first, outcome = _by_key(settings)
    outcomes = [outcome]
    if seconds >= ALL_S:
        # What needs packages that are not there cannot be played.
        names = [name for name in SHIPPED[1:] if name != "webcam" or lite0_at_hand()]
        outcomes += [run_unattended(read_script(script_path(name))) for name in names]
    return {
        "first_change_s": first,
        "claims_checked": sum(len(outcome.claims) for outcome in outcomes),
        "claims_false": sum(len(outcome.false) for outcome in outcomes),
    }


def _by_key(settings: QSettings) -> tuple[float, Outcome]:
    """Press F6 in a window on a session of its own: when what it is about was painted, and what came of its claims."""
    options = StudioOptions(keep=False)
    engine, name, _notes = make_engine(options)
    window = app.make_window(engine, name, settings=settings, start=False)
    sessions = Sessions(window, options, make_engine, app.next_window, CrashTrace())
    seen: list[float] = []
    players: list[Player] = []
    try:
        window.resize(*SIZE)
        window.show()
        window.activateWindow()
        window.commands.start()
        Hands(window).play(_haywire(sessions, seen, players))
        return seen[0], players[0].outcome
    finally:
        sessions.window.finish()
        sessions.window.close()


def _haywire(sessions: Sessions, seen: list[float], players: list[Player]) -> Script:
    mine = sessions.window
    yield Until(lambda: mine.commands.engine.lane.readings.newest is not None, "an answer")
    pressed = time.perf_counter()
    Hands(mine).tap(Qt.Key.Key_F6)
    yield Until(lambda: sessions.window.demos.player is not None, "the demo")
    theirs = sessions.window
    player = theirs.demos.player
    assert player is not None, "it has just been there"
    players.append(player)
    halves = theirs.layout_.stage.halves
    yield Until(lambda: TwinKind.IN_PLACE in halves.twins, "the two halves")
    paints = Paints(halves.twins[TwinKind.IN_PLACE].half.kept)
    value = player.facts.value
    yield Until(lambda: (value("twin.lost") or 0) != 0 and value("ours.lost") == 0, "a network that falls apart")
    yield Until(paints.since(time.perf_counter()), "the picture of it")
    seen.append(paints.newest - pressed)
    paints.stop()
    yield Until(lambda: player.phase is Phase.OVER or bool(player.trouble), "the end of the demo")
    Hands(theirs).tap(Qt.Key.Key_Escape)
    yield Until(lambda: sessions.window is mine, "the session from before")
