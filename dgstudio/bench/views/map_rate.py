"""How often the decision map is made anew while a class is being drawn on the pad, served, learned and painted."""

from __future__ import annotations

import math
import time
from dataclasses import field

import numpy as np

from dgstudio.bench.frame_timing import drive_window
from dgstudio.bench.live import window_figures
from dgstudio.engine.engine import Engine
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.engine.plane.map_worker import MapWorker
from dgstudio.errors import DgstudioError
from dgstudio.records import dataclass
from dgstudio.streams.pointer import PointerSource
from dgstudio.types import ClassInfo

WARM_UP_S = 3.0
TAKE_S, BETWEEN_S = 3.0, 0.5
PLACES = ((-0.55, -0.6), (0.6, 0.6))
"""Where the two classes are drawn, off what the base knows."""
WIDE = 0.16


@dataclass(slots=True, eq=False)
class MapScript:
    """Draws two classes in turn with their keys held, and looks which maps there are; `tick` is called often."""

    engine: Engine
    source: PointerSource
    plane: MapWorker
    seconds: float
    begin: float = field(default_factory=time.perf_counter)
    drawn_by: float = 0.0
    """When the last take ended."""
    published: dict[int, float] = field(default_factory=dict)
    """Version → when it was seen to serve."""
    mapped: dict[int, float] = field(default_factory=dict)
    """Version → when the first map of it was there."""
    classes: list[ClassInfo] = field(default_factory=list)

    def tick(self) -> bool:
        """Move the pointer, hold or release a key, note what is new; False at the end."""
        now = time.perf_counter()
        self._look(now)
        if not self.classes:
            self.classes = [self.engine.labels.add_class(name) for name in ("town", "wood")]
        since = now - self.begin - WARM_UP_S
        if since > self.seconds:
            self.engine.labels.release_class()
            self.drawn_by = now
            return False
        turn, within = divmod(max(since, 0.0), TAKE_S + BETWEEN_S)
        which = int(turn) % len(PLACES)
        x, y = PLACES[which]
        self.source.point(x + WIDE * math.cos(5 * now) * math.sin(1.9 * now), y + WIDE * math.sin(6.5 * now))
        if since > 0:
            held = self.engine.labels.held is not None
            if within >= BETWEEN_S and not held:
                self.engine.labels.press_class(self.classes[which].id)
            elif within < BETWEEN_S and held:
                self.engine.labels.release_class()
        return True

    def _look(self, now: float) -> None:
        self.published.setdefault(self.engine.learner.store.serving.version, now)
        made = self.plane.map
        if made is not None:
            self.mapped.setdefault(made.snapshot.version, now)

    def figures(self) -> dict[str, float]:
        """Versions that were mapped a second, and how long after a version served there was a map of it or a newer."""
        begin = self.begin + WARM_UP_S
        mapped = sorted((at, version) for version, at in self.mapped.items() if at >= begin)
        if len(mapped) < 2:
            raise DgstudioError("No version was published while the map was watched: nothing can be said about it.")
        ages = []
        for version, served in self.published.items():
            later = [at for at, shown in mapped if shown >= version]
            if served >= begin and later:
                ages.append(later[0] - served)
        served_in = [at for at in self.published.values() if at >= begin]
        # While keys were held: between takes there is nothing new to map.
        held = self.seconds * TAKE_S / (TAKE_S + BETWEEN_S)
        return {
            "hz": len(mapped) / held,
            "published_hz": len(served_in) / held,
            "age_p50_ms": float(np.median(ages) * 1e3),
            "age_p99_ms": float(np.percentile(ages, 99) * 1e3),
        }


def map_figures(seconds: float = 14.0) -> dict[str, float]:
    """Measure in a window, with the learner on: `hz` is how many versions a second got a map.

    `published_hz` is how many began to serve; `age_*_ms`, from then until there was a map of that version or a newer
    one; the others are those of window and serving meanwhile. In the Qt thread; there must be an application.
    """
    source = PointerSource()
    engine = Engine(source, base_for(source.spec)[0])
    plane = engine.plane
    assert plane is not None, "a pointer has a plane"
    script = MapScript(engine, source, plane, seconds)
    drawn = drive_window(engine, script.tick)
    window = window_figures(drawn, script.begin + WARM_UP_S, script.drawn_by)
    stats = engine.stats()
    return {
        **script.figures(),
        **window,
        "serve_p99_us": stats.serve_p99_us,
        "lost_samples": float(stats.lost_samples),
    }
