"""A session as a user makes one: a base, classes that are taught, protecting, a roll-back, a label taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from dgstudio.engine.lifecycle.resume import checkpoint_of
from dgstudio.lab.data import Dataset, load
from dgstudio.learning.learner.learner import Learner
from dgstudio.model.base_model_file import BaseModel
from dgstudio.paths import asset
from dgstudio.reasons.published import BaseLoaded
from dgstudio.session.file import Session
from dgstudio.session.restore import FEATURES, SIGNAL, signal_of
from dgstudio.types import ClassInfo, Example, PublishRecord, Take

NASTY = "<script>alert('$x$')</script> & co"
WAVE = "ondée 🌊"
COLOURS = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#0072b2")


@dataclass
class Diary:
    """Writes a session step by step; each act takes a second of a clock of its own."""

    session: Session
    learner: Learner
    data: Dataset
    unix: float = 1e9
    next_id: int = 0
    takes: int = 0

    def note(self, record: PublishRecord | None, kept: bool = True) -> None:
        if record is None:
            return
        self.unix += 1
        record = replace(record, unix=self.unix)
        self.session.put_record(record)
        if record.version is not None and kept:
            self.session.put_checkpoint(replace(checkpoint_of(self.learner, record, kept=True), unix=self.unix))
            head = self.learner.store.head.version
            self.session.set_references(head, head)

    def add_class(self, class_id: int, name: str) -> None:
        self.session.put_class(ClassInfo(class_id, name, str(class_id + 1), COLOURS[class_id]))
        self.note(self.learner.add_class(class_id))

    def take(self, class_id: int, rows: Sequence[int], activity: str, kept: bool = True) -> list[int]:
        """Label rows of the recording's training part; returns the ids of the examples."""
        self.unix += 1
        X, _ = self.data.part("train", [self.data.class_names.index(activity)])
        windows = self.data.windows["train"][self.data.y_train == self.data.class_names.index(activity)]
        examples = []
        for n, row in enumerate(rows):
            start = 20.0 * self.takes + n / 10
            raw = windows[row] if n % 3 == 0 else None
            example = Example(self.next_id + n, class_id, self.takes, X[row], start, start + 3.2, n % 5 != 4, raw)
            examples.append(example)
        ends = examples[-1].end
        take = Take(self.takes, class_id, examples[0].start, ends, "a <b>tape</b>", "held", self.unix, len(rows))
        self.session.put_take(take)
        self.session.put_examples(examples)
        self.next_id += len(rows)
        self.takes += 1
        self.learner.absorb(examples)
        self.note(self.learner.step(), kept)
        return [example.id for example in examples]


@pytest.fixture(scope="session")
def story_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The closed session file. Nobody writes to it."""
    path = tmp_path_factory.mktemp("story") / "a & <b>.dgs"
    base = BaseModel.load(asset("bases/basic_motions.safetensors"))
    data = load("basicmotions")
    with Session.create(path) as session:
        assert data.spec is not None
        session.set_config(FEATURES, list(data.feature_names))
        session.set_config(SIGNAL, signal_of(data.spec))
        names = dict(zip(base.classes, base.class_names, strict=True))
        learner = Learner.begin(base, name_of=lambda c: names.get(c, NASTY), next_seq=1)
        diary = Diary(session, learner, data)
        session.put_classes([ClassInfo(c, name, str(c + 1), COLOURS[c]) for c, name in names.items()])
        head = learner.store.head
        first = PublishRecord(0, "initial", head.version, None, BaseLoaded(("much",)), 0.0, 0.0, head.digest)
        diary.note(replace(first, protected=learner.protected_count))
        diary.add_class(3, NASTY)
        diary.take(3, range(0, 60, 2), "Badminton")
        diary.take(0, range(0, 60, 3), "Standing")
        diary.note(learner.seal_and_protect())
        diary.take(3, range(70, 130, 2), "Badminton", kept=False)
        diary.take(3, range(131, 139), "Badminton")
        diary.add_class(4, WAVE)
        gone = diary.take(4, range(200, 220), "Running")
        session.set_active(gone, False)
        diary.note(learner.forget(gone))
        diary.note(learner.step())
        diary.take(4, range(100, 130), "Walking")
        diary.note(learner.roll_back(learner.store.head.version))
        diary.take(3, range(140, 200, 2), "Badminton")
    return path


@pytest.fixture
def story(story_file: Path):
    with Session.open(story_file) as session:
        yield session


@pytest.fixture
def empty_file(tmp_path: Path) -> Path:
    path = tmp_path / "empty.dgs"
    Session.create(path).close()
    return path


@pytest.fixture
def features(story: Session) -> np.ndarray:
    return np.stack([example.features for example in story.examples()])
