"""The program as `run_studio` builds it, for tests: a real engine, and whichever window is shown at the moment."""

import weakref

from dgstudio.studio import app
from dgstudio.studio.crash_trace import CrashTrace
from dgstudio.studio.session_switcher import Sessions


class NoTrace(CrashTrace):
    """The tests' own process has its traces elsewhere."""

    def follow(self, session):
        self.session = session


class Desk:
    """The program as `run_studio` builds it, with the window of the moment."""

    def __init__(self, path, settings, qtbot, **more):
        options = app.StudioOptions(session=path, **more)
        engine, name, _ = app.make_engine(options)
        window = app.make_window(engine, name, settings=settings, start=False)
        self.qtbot = qtbot
        self.trace = NoTrace()
        self.sessions = Sessions(window, options, app.make_engine, app.next_window, self.trace)
        window.resize(1280, 720)
        window.show()
        window.activateWindow()
        window.commands.start()
        self.until(window.isActiveWindow)
        self.until(lambda: self.state.spec is not None and self.engine.lane.readings.newest is not None)

    @property
    def window(self):
        return self.sessions.window

    @property
    def state(self):
        return self.window.state

    @property
    def engine(self):
        return self.window.commands.engine

    def until(self, condition):
        self.qtbot.waitUntil(condition)

    def teach(self, name):
        """Add a class and label the last half second as it."""
        info = self.engine.labels.add_class(name)
        self.until(lambda: self.engine.clock.now() > 1.5)
        now = self.engine.clock.now()
        self.engine.labels.label_span(info.id, now - 0.5, now)
        self.until(
            lambda: self.engine.book.labels(info.id)[0] > 0 and self.engine.store.idle and self.engine.learn.idle
        )
        return info

    def switch(self, act):
        """Do what puts another window into the place of this one, and wait for it."""
        # Not by name: what the session before held must be gone when this returns.
        before = weakref.ref(self.window)
        act()
        self.until(lambda: self.window is not before())
        self.until(lambda: self.state.phase == "ready" and self.window.isActiveWindow())
