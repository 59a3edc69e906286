"""The proof run: the real window, real key events, a real recording, and figures that anyone can check.

BasicMotions plays at ten times its speed. The base model knows three of the four activities; the fourth is labelled by
holding its key while it plays, and must then be recognised on other takes, while no protected logit of the first
three moves by a bit. Beside it, a conventional network learns the same labels in the arrays that it answers from.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from dgstudio.bench.ui_script import PATIENCE_S
from dgstudio.engine.engine import Engine
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.engine.lifecycle.stream_config import keep_stream
from dgstudio.engine.runtime.settings import EngineSettings
from dgstudio.errors import DgstudioError
from dgstudio.kernel import KERNEL
from dgstudio.paths import sample
from dgstudio.records import dataclass
from dgstudio.session.file import Session
from dgstudio.streams.recordings.source import RecordingSource
from dgstudio.studio.app import make_window
from dgstudio.studio.window.main_window import StudioWindow
from dgstudio.types import Reading, StreamState

NEW_CLASS = "Badminton"
SPEED = 10.0
LABELLED_TAKES = 4
TESTED_TAKES = 8
"""Takes of the new class that are never labelled, and as many of each known class, in the last part."""
SIZE = (1600, 1000)


class ProofFailed(DgstudioError):
    """The run ended, but something that it was to show did not happen."""


@dataclass(frozen=True, slots=True)
class ProofFigures:
    """What the run showed. Shares are of windows whose ground truth is that class, in takes never labelled."""

    takes: int
    labelled_takes: int
    examples: int
    versions: int
    rejections: int
    new_class_recognised: float
    old_classes_before: float
    old_classes_after: float
    protected_inputs: int
    protected_bits_changed: int
    answers: int
    answers_recomputed: int
    answers_wrong: int
    torn: int
    unpublished: int
    unattributed: int
    label_to_publish_ms: float
    publish_p99_ms: float
    serve_p50_us: float
    serve_p99_us: float
    twin_answers: int
    twin_torn: int
    twin_unpublished: int
    twin_protected_flips: int
    twin_protected_max_delta_p: float
    twin_old_classes_after: float
    seconds: float
    kernel: str

    @property
    def passed(self) -> bool:
        """Whether everything that the proof run promises was seen."""
        kept = self.protected_bits_changed == 0 and self.answers_wrong == 0 and self.protected_inputs > 0
        ours = self.new_class_recognised >= 0.9 and self.torn == self.unpublished == self.unattributed == 0
        twin = self.twin_unpublished > 0 and self.twin_protected_max_delta_p > 0
        return kept and ours and twin


def choose_takes(seed: int = 0) -> tuple[list[int], list[int], list[int]]:
    """Take numbers for the three parts: known classes first, the new class to label, then unseen takes of all four.

    All known-class takes are from the test split, so the base model has seen none of them.
    """
    source = RecordingSource(sample("basic_motions.csv"), speed=0, loop=False, labels_column="label")
    table = source.take_table()
    rng = np.random.default_rng(seed)
    fresh = {
        label: [t.take for t in table if t.label == label and t.split == "test"]
        for label in sorted({t.label for t in table})
    }
    known = [label for label in fresh if label != NEW_CLASS]
    warm_up = [fresh[label][i] for i in range(2) for label in known]
    labelled = [t.take for t in table if t.label == NEW_CLASS and t.split == "train"][:LABELLED_TAKES]
    tested = fresh[NEW_CLASS][:TESTED_TAKES] + [t for label in known for t in fresh[label][2:6]]
    return warm_up, labelled, [tested[i] for i in rng.permutation(len(tested))]


class ProofRun:
    """Drives a studio window through the scenario. Qt thread only."""

    def __init__(self, session: Session | None = None, *, seed: int = 0) -> None:
        self.parts = choose_takes(seed)
        source = RecordingSource(
            sample("basic_motions.csv"),
            speed=SPEED,
            loop=False,
            labels_column="label",
            takes=[take for part in self.parts for take in part],
        )
        base, _ = base_for(source.spec)
        if base is None:
            raise ProofFailed("The base model of BasicMotions is missing: make it with python -m dgstudio.lab.bases.")
        self.engine = Engine(source, base, session, EngineSettings())
        keep_stream(self.engine.session, source="basic_motions", speed=SPEED, labels_column="label")
        self.window: StudioWindow = make_window(self.engine, self.engine.session.name)
        self.readings: list[Reading] = []
        self._seen = 0
        self._twin_seen = 0
        self.twin_answers: dict[int, int | None] = {}

    def run(self, say: Callable[[str], None], screenshot: Path | None = None) -> ProofFigures:
        """Play the scenario to its end and return what was seen; the window is closed whatever happens."""
        begin = time.perf_counter()
        try:
            self.window.resize(*SIZE)
            self.window.show()
            self.window.activateWindow()
            self.window.setFocus()
            self._play(say, screenshot)
            return self._figures(time.perf_counter() - begin)
        finally:
            self.window.close()

    def _play(self, say: Callable[[str], None], screenshot: Path | None) -> None:
        engine, window = self.engine, self.window
        # Before that, shortcuts do nothing.
        self._wait(window.isActiveWindow, "the window to come to the front")
        self._wait(lambda: engine.lane.counts.reads > 0, "the first answer")
        say(f"answering: {', '.join(info.name for info in engine.classes.living())}")
        QTest.keyClick(window, Qt.Key.Key_C)
        self._wait(lambda: bool(engine.comparison.twins), "the twin")
        say("compare: the conventional twin runs on the same stream")
        QTest.keyClick(window, Qt.Key.Key_A)
        self._process()
        field = QApplication.focusWidget()
        if field is None:
            raise ProofFailed("The field for the name of a new class did not open.")
        QTest.keyClicks(field, NEW_CLASS)
        QTest.keyClick(field, Qt.Key.Key_Return)
        self._wait(lambda: engine.classes.by_name(NEW_CLASS) is not None, "the new class")
        info = engine.classes.by_name(NEW_CLASS)
        assert info is not None
        window.setFocus()
        key = Qt.Key(Qt.Key.Key_0.value + int(info.key))
        warm_up, labelled, _ = self.parts
        take_s = self._take_s()
        begin, end = len(warm_up) * take_s, (len(warm_up) + len(labelled)) * take_s
        self._wait(lambda: self._now() >= begin + 0.3, f"{NEW_CLASS} to be played")
        say(f"holding {info.key} while {NEW_CLASS} plays")
        QTest.keyPress(window, key)
        self._wait(lambda: self._now() >= end - 0.3, "the labelled takes")
        QTest.keyRelease(window, key)
        self.released_at = self._now()
        self._wait(lambda: engine.store.idle and engine.book.total > 0, "the examples to be kept")
        self._wait(lambda: engine.learn.idle, "the examples to be learned")
        say(f"learned {engine.stats().learned} examples; v{engine.learner.store.serving.version} serves")
        self._wait(self._recognised, f"{NEW_CLASS} to be recognised on an unlabelled take")
        if screenshot is not None:
            self._picture(screenshot)
        self._wait(lambda: engine.input.state == StreamState.ENDED, "the end of the recording")
        self._wait(lambda: engine.infer.done == engine.ring.total, "the last answer")
        self._wait(lambda: all(twin.idle for twin in engine.comparison.twins), "the twin")
        say("auditing every protected input and every answer")
        self._wait(lambda: engine.learner.audit_complete and engine.learn.receipts.caught_up, "the audit")

    def _figures(self, seconds: float) -> ProofFigures:
        engine = self.engine
        stats = engine.stats()
        warm_up, labelled, tested = self.parts
        border = self._border
        before = [r for r in self.readings if r.end < len(warm_up) * self._take_s()]
        after = [r for r in self.readings if r.start >= border]
        changed = engine.learner.audit_all()
        twin = engine.comparison.twins[0].figures()
        return ProofFigures(
            takes=len(warm_up) + len(labelled) + len(tested),
            labelled_takes=len(labelled),
            examples=stats.learned,
            versions=stats.publishes,
            rejections=stats.rejections,
            new_class_recognised=self._share([r for r in after if r.truth == NEW_CLASS]),
            old_classes_before=self._share(before),
            old_classes_after=self._share([r for r in after if r.truth != NEW_CLASS]),
            protected_inputs=changed.checked,
            protected_bits_changed=changed.bits_changed + stats.protected_bits_changed,
            answers=stats.reads,
            answers_recomputed=stats.receipts_checked,
            answers_wrong=stats.receipts_wrong,
            torn=stats.torn,
            unpublished=stats.unpublished,
            unattributed=stats.unattributed,
            label_to_publish_ms=engine.learn.label_to_publish_ms.percentile(50)[0],
            publish_p99_ms=engine.learn.publish_ms.percentile(99)[0],
            serve_p50_us=stats.serve_p50_us,
            serve_p99_us=stats.serve_p99_us,
            twin_answers=twin.reads,
            twin_torn=twin.torn,
            twin_unpublished=twin.unpublished,
            twin_protected_flips=twin.answers.gone,
            twin_protected_max_delta_p=twin.max_delta,
            twin_old_classes_after=self._twin_share([r for r in after if r.truth != NEW_CLASS]),
            seconds=seconds,
            kernel=KERNEL,
        )

    def _take_s(self) -> float:
        return 100 / self.engine.spec.rate

    def _now(self) -> float:
        edge = self.engine.ring.edge()
        return 0.0 if edge is None else edge[0]

    def _share(self, readings: list[Reading]) -> float:
        names = self.engine.classes.names
        right = [r.top is not None and names[r.top] == r.truth for r in readings if r.truth is not None]
        return float(np.mean(right)) if right else float("nan")

    def _twin_share(self, readings: list[Reading]) -> float:
        names = self.engine.classes.names
        tops = [(self.twin_answers.get(r.hop), r.truth) for r in readings if r.truth is not None]
        right = [top is not None and names[top] == truth for top, truth in tops]
        return float(np.mean(right)) if right else float("nan")

    def _process(self) -> None:
        QTest.qWait(20)
        new, self._seen = self.engine.lane.readings.since(self._seen)
        self.readings.extend(new)
        for twin in self.engine.comparison.twins:
            twin_new, self._twin_seen = twin.readings.since(self._twin_seen)
            self.twin_answers.update({reading.hop: reading.top for reading in twin_new})

    def _recognised(self) -> bool:
        """Whether the learning bank has just answered the new class, for a second of stream time."""
        newest = [r for r in self.readings if r.end > self._now() - 1.0 and r.start >= self._border]
        right = [r.truth == NEW_CLASS and r.speaker >= 0 for r in newest]
        return len(right) >= 5 and all(right)

    @property
    def _border(self) -> float:
        """Stream time from which on no take is labelled."""
        warm_up, labelled, _ = self.parts
        return (len(warm_up) + len(labelled)) * self._take_s()

    def _picture(self, path: Path) -> None:
        # What the window's own timer has drawn; the toast of the take has gone by then or says what was saved.
        self._process()
        path.parent.mkdir(parents=True, exist_ok=True)
        if not self.window.grab().save(str(path)):
            raise ProofFailed(f"The picture could not be written to {path}: choose a folder that can be written.")

    def _wait(self, until: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not until():
            if time.monotonic() > deadline:
                raise ProofFailed(f"Waited {PATIENCE_S:g} s in vain for {what}.")
            if self.engine.infer.failed or self.engine.learn.failed:
                raise ProofFailed(f"A thread of the engine stopped while waiting for {what}.")
            self._process()


def table_of(figures: ProofFigures) -> Iterator[tuple[str, str]]:
    """The figures as rows of (what, how much), in reading order."""
    f = figures
    yield "recording", f"{f.takes} takes, {f.labelled_takes} of them labelled; {f.seconds:.0f} s"
    yield f"{NEW_CLASS} recognised on unlabelled takes", f"{f.new_class_recognised:.1%} of windows (at least 90 %)"
    yield "known classes, before → after", f"{f.old_classes_before:.1%} → {f.old_classes_after:.1%}"
    yield "protected logits", f"{f.protected_inputs} inputs, {f.protected_bits_changed} bits changed"
    yield "learned", f"{f.examples} examples in {f.versions} versions, {f.rejections} rejected"
    yield (
        "label → first version that knows it",
        f"{f.label_to_publish_ms:.0f} ms; publish {f.publish_p99_ms:.1f} ms p99",
    )
    yield "answers", f"{f.answers}; {f.answers_recomputed} recomputed, {f.answers_wrong} differ"
    yield "torn · unpublished · unattributed", f"{f.torn} · {f.unpublished} · {f.unattributed}"
    yield "serving", f"{f.serve_p50_us:.0f} µs p50 · {f.serve_p99_us:.0f} µs p99"
    yield (
        "conventional twin, in place",
        f"{f.twin_answers} answers; {f.twin_torn} torn, {f.twin_unpublished} unpublished",
    )
    yield (
        "its protected answers",
        f"{f.twin_protected_flips} flipped, largest change of p {f.twin_protected_max_delta_p:.3f}",
    )
    yield "its known classes after", f"{f.twin_old_classes_after:.1%}"
    yield "kernel", f.kernel


def write_json(figures: ProofFigures, path: Path) -> None:
    """Write the figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**asdict(figures), "passed": figures.passed}, indent=2) + "\n", encoding="utf-8")
