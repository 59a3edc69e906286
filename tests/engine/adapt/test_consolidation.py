"""A new base trained in a process of its own: what comes of it, and that nothing comes of it where it fails."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from dgstudio.engine.adapt import consolidation
from dgstudio.engine.adapt.consolidation import ConsolidationState
from dgstudio.engine.facts.learning import TrainingFailed
from dgstudio.errors import BadInputError
from dgstudio.lab.train_process import alike
from dgstudio.learning.learner.training.consolidation import TrainingStage
from dgstudio.session.file import Session

Rigs = Callable[..., Any]
Until = Callable[..., None]
NEW = "Badminton"
STOPPED = (ConsolidationState.READY, ConsolidationState.FAILED, ConsolidationState.CANCELLED)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough steps to know a few well-parted activities."""
    monkeypatch.setattr(consolidation, "STEPS", 60)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders go."""
    path = tmp_path / "temporary"
    path.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(path))
    return path


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes another program the one that trains."""

    def run(code: str) -> None:
        monkeypatch.setattr(consolidation, "COMMAND", (sys.executable, "-c", code))

    return run


def nothing_left(folder: Path) -> bool:
    living = [p for p in psutil.Process().children(recursive=True) if p.status() != psutil.STATUS_ZOMBIE]
    # Other tests may have left a server of processes, say; a trainer is told its folder.
    return not list(folder.iterdir()) and not any(str(folder) in word for p in living for word in p.cmdline())


def trained(rig: Any, until: Until) -> Any:
    rig.engine.candidates.start_consolidation()
    running = rig.engine.candidates.consolidation
    until(lambda: running.state in STOPPED, "the end of the training")
    return running


def test_a_new_base_is_trained_compared_and_switched_to_and_back(
    rigs: Rigs, until: Until, tmp_path: Path, folder: Path
) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    engine, learner = rig.engine, rig.engine.learner
    new = rig.teach(NEW, NEW, count=3)
    engine.model.protect_now()
    rig.settle()
    rig.teach("Running", "Running")
    head, count = learner.store.head, learner.protected_count
    done = trained(rig, until)
    assert done.state == ConsolidationState.READY and "compare it" in rig.heard("consolidation").sentence
    assert nothing_left(folder)
    found = done.comparison
    assert learner.store.head is head, "nothing changes before the user says so"
    assert found.accuracy is not None and found.new_accuracy > 0.8 and found.left <= 0.2 * found.held_out
    assert found.banks == 2 and found.new_macs < found.macs and found.protected == count
    with pytest.raises(BadInputError, match="waits for your word already"):
        engine.candidates.start_consolidation()
    shipped = engine.candidates.base
    engine.candidates.accept()
    rig.settle()
    record = next(r for r in engine.learn.history.since(0)[0] if r.kind == "consolidated")
    assert engine.candidates.consolidation is None and record.parent == head.version
    assert learner.store.head.base is done.model.base and learner.store.serving is learner.store.head
    assert rig.share_of(NEW, rig.play(NEW)) > 0.8 and rig.share_of("Standing", rig.play("Standing")) > 0.8
    # What moved was the user's own act: the learner's publishes moved no bit.
    assert record.bits_changed > 0 and engine.stats().protected_bits_changed == 0
    # A twin starts from the same base; rolled back, from the one before.
    assert engine.candidates.base is done.model
    engine.comparison.choose("swap")
    engine.comparison.choose()
    engine.model.roll_back(head.version)
    rig.settle()
    assert engine.candidates.base is shipped and learner.store.head.digest == head.digest
    assert learner.protected_count == count
    rig.label(new, rig.play(NEW))
    rig.check_all()
    assert engine.stop() == []

    # The session has both models, whole, however many versions come after them.
    with Session.open(path) as session:
        session.thin_checkpoints(0)
    again = rigs(Session.open(path))
    assert again.engine.candidates.base is not None
    again.engine.model.roll_back(record.version)
    again.settle()
    assert again.engine.learner.store.head.digest == record.digest and again.engine.candidates.base is None
    assert again.share_of(NEW, again.play(NEW)) > 0.8
    again.check_all()
    again.engine.stop()
    third = rigs(Session.open(path))
    assert "no twin" in third.heard("session").sentence
    assert third.engine.learner.store.head.digest == record.digest


def test_from_nothing_it_gives_the_session_its_first_base(rigs: Rigs, until: Until, folder: Path) -> None:
    rig = rigs(nothing=True)
    a = rig.teach("a", "Standing", count=2)
    done = trained(rig, until)
    assert done.state == ConsolidationState.FAILED and "at least two classes" in done.outcome.sentence
    assert rig.heard("consolidation").level == "warning" and nothing_left(folder)
    rig.teach("b", "Running", count=2)
    # What has ended badly does not stand in the way.
    done = trained(rig, until)
    assert done.state == ConsolidationState.READY, done.outcome
    rig.engine.candidates.accept()
    rig.settle()
    head = rig.engine.learner.store.head
    assert head.base is not None and head.base.classes[0] == a and rig.engine.candidates.base is done.model
    assert rig.share_of("a", rig.play("Standing")) > 0.8 and rig.share_of("b", rig.play("Running")) > 0.8
    rig.engine.model.set_rule("gradient")
    rig.settle()
    assert rig.engine.learner.settings.rule == "gradient"


def test_the_user_may_keep_the_present_model(rigs: Rigs, until: Until) -> None:
    rig = rigs()
    rig.teach(NEW, NEW)
    head = rig.engine.learner.store.head
    rig.engine.candidates.discard_consolidation()
    assert trained(rig, until).state == ConsolidationState.READY
    rig.engine.candidates.discard_consolidation()
    rig.engine.candidates.accept()
    rig.settle()
    assert rig.engine.candidates.consolidation is None and rig.engine.learner.store.head is head


HANGS = """
import json, time
print(json.dumps({"share": 0.25, "stage": "twin"}), flush=True)
time.sleep(600)
"""


def test_it_can_be_cancelled_and_leaves_nothing(
    rigs: Rigs, until: Until, folder: Path, process: Callable[[str], None]
) -> None:
    process(HANGS)
    rig = rigs()
    rig.teach(NEW, NEW)
    rig.engine.candidates.start_consolidation()
    running = rig.engine.candidates.consolidation
    until(lambda: running.share == 0.25, "news of the process")
    assert running.stage == TrainingStage.TWIN and not nothing_left(folder)
    with pytest.raises(BadInputError, match="is being trained already"):
        rig.engine.candidates.start_consolidation()
    rig.engine.candidates.accept()
    assert rig.engine.candidates.consolidation is running, "it cannot be switched to before it is there"
    rig.engine.candidates.cancel_consolidation()
    until(lambda: running.state == ConsolidationState.CANCELLED, "the cancelling")
    assert rig.heard("consolidation").sentence == "The training was cancelled; nothing has changed."
    assert nothing_left(folder)


def test_stopping_the_engine_ends_it(rigs: Rigs, until: Until, folder: Path, process: Callable[[str], None]) -> None:
    process(HANGS)
    rig = rigs()
    rig.teach(NEW, NEW)
    rig.engine.candidates.start_consolidation()
    until(lambda: rig.engine.candidates.consolidation.share == 0.25, "news of the process")
    assert rig.engine.stop() == []
    assert rig.engine.candidates.consolidation.state == ConsolidationState.CANCELLED and nothing_left(folder)


def test_a_training_that_nobody_waits_for_any_more_leaves_nothing(
    rigs: Rigs, until: Until, folder: Path, process: Callable[[str], None]
) -> None:
    """As after the end of a program that was killed: nobody reads what the process says, nobody clears up."""
    process(HANGS)
    rig = rigs()
    rig.teach(NEW, NEW)
    rig.engine.candidates.start_consolidation()
    until(lambda: rig.engine.candidates.consolidation.share == 0.25, "news of the process")
    (made,) = folder.iterdir()
    copy = folder / "copy"
    shutil.copytree(made, copy)
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as deaf:  # noqa: PTH123 - a pipe
        command = [sys.executable, "-m", "dgstudio.lab.train_process", str(copy)]
        assert subprocess.run(command, stdout=deaf, stderr=subprocess.PIPE, check=False).returncode != 0
    assert not copy.exists() and made.exists()
    assert rig.engine.stop() == [] and nothing_left(folder)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import os; os.abort()", "ended unexpectedly (status"),
        ("raise RuntimeError('out of luck')", "Its last words: RuntimeError: out of luck"),
        ("print('chatter, no JSON'); print('{}')", "does not exist"),
        (
            "import sys; sys.modules['torch'] = None\nfrom dgstudio.lab.train_process import main\nsys.exit(main())",
            "Training needs torch",
        ),
        ("import sys; open(sys.argv[1] + '/base.safetensors', 'w').write('no base')", "cannot be read as a base model"),
    ],
    ids=["killed", "raises", "does nothing", "no torch", "leaves rubbish"],
)
def test_what_goes_wrong_is_said_and_changes_nothing(
    rigs: Rigs, until: Until, folder: Path, process: Callable[[str], None], code: str, said: str
) -> None:
    process(code)
    rig = rigs()
    rig.teach(NEW, NEW)
    head = rig.engine.learner.store.head
    done = trained(rig, until)
    assert done.state == ConsolidationState.FAILED
    assert isinstance(done.outcome, TrainingFailed) and said in done.outcome.why
    assert nothing_left(folder) and rig.engine.learner.store.head is head and done.model is None
    assert not rig.events("thread failed")
    rig.play("Standing")


def test_a_program_that_is_not_there_is_said(
    rigs: Rigs, until: Until, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consolidation, "COMMAND", (str(folder / "nowhere"),))
    rig = rigs()
    rig.teach(NEW, NEW)
    done = trained(rig, until)
    assert done.state == ConsolidationState.FAILED and "nowhere" in done.outcome.why and nothing_left(folder)


def test_what_cannot_be_foreseen_ends_it_too(rigs: Rigs, until: Until, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(consolidation, "training_set", broken)
    rig = rigs()
    done = trained(rig, until)
    assert done.state == ConsolidationState.FAILED and "oh" in done.outcome.why
    assert "dg-consolidate" in rig.heard("thread failed").sentence


def test_parked_examples_are_not_trained_on(rigs: Rigs, until: Until, process: Callable[[str], None]) -> None:
    process("import sys; sys.exit(1)")
    rig = rigs()
    seen: list[int] = []
    rig.teach(NEW, NEW)
    first = rig.engine.learner.store.head.version
    rig.teach(NEW, NEW)
    rig.engine.model.roll_back(first)
    rig.settle()
    parked = rig.engine.learner.parked
    assert parked
    original = consolidation.training_set

    def watched(examples: Any, *rest: Any) -> Any:
        seen.extend(example.id for example in examples)
        return original(examples, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(consolidation, "training_set", watched)
        assert trained(rig, until).state == ConsolidationState.FAILED
    assert seen and not parked & set(seen) and ConsolidationState.RUNNING not in STOPPED


def test_batches_are_drawn_from_small_classes_as_often() -> None:
    labels = np.repeat([3, 5, 7], [40, 10, 17])
    rows = alike(labels)
    assert set(rows.tolist()) == set(range(67))
    assert [int((labels[rows] == c).sum()) for c in (3, 5, 7)] == [40, 40, 34]
