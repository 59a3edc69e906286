"""The shipped clip through the path of a camera, in a window, while it is taught: rate, age, and what is right.

Five classes are taught by held keys while the clip shows them in its first place, from nothing; its other two places
are new takes in another light. The rivals get the same examples.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from PySide6.QtCore import QSettings, Qt

from dgstudio.bench.streams.rivals import nearest_mean, shared_covariance
from dgstudio.bench.ui_script import Hands, Script, Until, digit
from dgstudio.engine.engine import Engine
from dgstudio.errors import DgstudioError
from dgstudio.paths import sample
from dgstudio.streams.camera.source import CameraSource, FrameOrigin
from dgstudio.studio.app import make_window
from dgstudio.studio.window.main_window import StudioWindow
from dgstudio.types import F32, Reading

CLIP = "prints.mp4"
FIRST_PLACE_S = 25.0
"""Until then the clip shows its first place."""
WHOLE_S = 63.0
"""Stream time at which the clip has been shown once; it begins at 1."""
HELD_S = 2.05
"""A key is held so long: twenty examples are learned."""
SIZE = (1600, 1000)


def webcam_figures(settings: QSettings, *, speed: float = 1.0) -> dict[str, Any]:
    """Play the clip once, in about a minute, and teach it; returns the figures. Qt's thread.

    `features_hz`: pictures described a second, window and learner on. `frame_age_p50_ms`, `frame_age_p99_ms`: from a
    frame to the answer that can be read. `new_take_accuracy`: right answers in the other two places, where the model
    must answer, as its rivals do on the same examples (`nearest_mean_accuracy`, `slda_accuracy`); `new_take_unsure`:
    how many of them it would rather call unsure.

    Raises
    ------
    DgstudioError
        Where cameras cannot be used here, or the clip does not play.
    """
    source = CameraSource(FrameOrigin(sample(CLIP), speed=speed), name="prints")
    if source.light_only:
        raise DgstudioError("The embedding of pictures is not installed: pip install 'dgstudio[webcam]'.")
    engine = Engine(source, None)
    window = make_window(engine, "bench", settings=settings, start=False)
    try:
        return _measured(window, source)
    finally:
        window.close()


def _measured(window: StudioWindow, source: CameraSource) -> dict[str, Any]:
    engine, hands, labels = window.commands.engine, Hands(window), source.spec.truth_names
    window.resize(*SIZE)
    window.show()
    window.activateWindow()
    window.commands.start()
    ages: list[float] = []
    begun: list[float] = []

    def newest() -> Reading:
        reading = engine.lane.readings.newest
        assert reading is not None, "the script has waited for one"
        return reading

    def teach() -> Script:
        yield Until(lambda: engine.lane.readings.newest is not None, "a picture")
        begun.extend((time.perf_counter(), source.taken))
        for number, label in enumerate(labels):
            window.commands.labels.add_class(label)
            yield Until(lambda label=label: newest().truth == label, f"the {label}")  # type: ignore[misc]
            key: Qt.Key = digit(window.state.classes[number].info.key)
            hands.press(key)
            end = newest().end + HELD_S
            yield Until(lambda end=end: newest().end >= end, "the end of a take")  # type: ignore[misc]
            hands.release(key)
        yield Until(lambda: newest().end >= WHOLE_S, "the end of the clip")

    hands.play(teach(), lambda: source.trouble)
    rate = (source.taken - begun[1]) / (time.perf_counter() - begun[0])
    readings, _ = engine.lane.readings.since(0)
    # The oldest of the ages that are kept is of the picture with this number.
    first = source.taken - len(source.ages())
    for reading, age in zip(readings[first:], source.ages(), strict=False):
        ages.append(age + reading.ready_wall - reading.arrival_wall)
    if not ages:
        raise DgstudioError("The clip brought no pictures.")
    return {
        "features_hz": rate,
        "frame_age_p50_ms": float(np.percentile(ages, 50) * 1e3),
        "frame_age_p99_ms": float(np.percentile(ages, 99) * 1e3),
        "frames_left_out": source.dropped,
        **_accuracies(engine, readings),
    }


def _accuracies(engine: Engine, readings: list[Reading]) -> dict[str, Any]:
    """Ours and its rivals on the new takes, each by the same learned examples."""
    names = {info.id: info.name for info in engine.classes.living()}
    learned = [example for class_id in names for example in engine.book.of_class(class_id) if example.learn]
    X = np.stack([example.features for example in learned])
    y = np.array([example.class_id for example in learned])
    new = [reading for reading in readings if reading.end > FIRST_PLACE_S and reading.truth is not None]
    if not new:
        raise DgstudioError("The clip was not played to its new takes.")
    asked: F32 = np.stack([reading.features for reading in new])
    truths = [reading.truth for reading in new]

    def right(answers: list[int]) -> float:
        return float(np.mean([names[answer] == truth for answer, truth in zip(answers, truths, strict=True)]))

    forced = [reading.classes[int(np.argmax(reading.logits))] for reading in new]
    return {
        "new_take_accuracy": right(forced),
        "new_take_unsure": float(np.mean([reading.top is None for reading in new])),
        "nearest_mean_accuracy": right(nearest_mean(X, y, asked)),
        "slda_accuracy": right(shared_covariance(X, y, asked)),
        "examples_a_class": len(learned) / len(names),
        "new_answers": len(new),
    }
