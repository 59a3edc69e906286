"""Facts: each has a kind, a level and a sentence made of its fields, and goes into the log with them."""

import json
from dataclasses import is_dataclass
from pathlib import Path

import pytest

from dgstudio.engine.facts import labelling, learning, notice, resuming, running, saving
from dgstudio.engine.facts.event import Event, EventKind, Fact, log_line
from dgstudio.engine.facts.labelling import (
    ActWalked,
    ImportCancelled,
    ImportFailed,
    LabelLeftOut,
    LabelsChanged,
    NothingToWalk,
    StillLearned,
    TakeEmpty,
    TakeSaved,
)
from dgstudio.engine.facts.learning import (
    BaseReady,
    ContractBroken,
    ExamplesParked,
    ExamplesResumed,
    ExamplesWait,
    NotCertified,
    NothingAfter,
    NothingBefore,
    NothingProtected,
    ProposalRejected,
    RebuildOffered,
    StreamDrifted,
    TrainingCancelled,
    TrainingFailed,
    TwinFailed,
    VersionLearnedAgain,
    VersionLearnedOtherwise,
    VersionNotLearnedAgain,
    VersionRelearningCancelled,
)
from dgstudio.engine.facts.notice import Notice
from dgstudio.engine.facts.resuming import (
    MadeByOtherKernel,
    ModelLost,
    OtherBase,
    PinnedGone,
    SessionProblems,
    SettingsUnusable,
)
from dgstudio.engine.facts.running import (
    NotRecording,
    Outcome,
    OutputBehind,
    OutputFailed,
    RecordingBegun,
    RecordingBehind,
    RecordingEnded,
    RecordingNotSaved,
    RecordingSavedAgain,
    RecordingTrouble,
    StreamFound,
    StreamLost,
    StreamNotClosed,
    StreamOver,
    StreamSwitched,
    ThreadFailed,
)
from dgstudio.engine.facts.saving import (
    CopySaved,
    EntryLeftOut,
    ExportDied,
    Exported,
    ExportNotStarted,
    NotExported,
    NotSaved,
    SavedAgain,
    SavedAs,
    SessionRescued,
)
from dgstudio.reasons.refused import NoMoreBanks, NoRoom
from dgstudio.reasons.stored import Told
from dgstudio.session.storage.file_place import FileLoss
from dgstudio.types import Act, ActKind, Level, PublishRecord, RecordKind, Take

TAKE = Take(7, 1, 2.0, 4.1, "simulator", examples=42)
TOOK, DELETED = (
    Act(1, ActKind.TAKE, Told("42 examples"), take_id=7),
    Act(2, ActKind.DELETED, Told("3 examples deleted")),
)
STILL = StillLearned(((3, 5),), several=True, sealed=False)
REFUSED = PublishRecord(4, RecordKind.REJECTED, None, 3, NoMoreBanks(2), 0.0, 0.0)
FULL = "the model has 2 sealed banks, the most that serving stays quick with"
PATH = Path("a.dgs")

SAID: list[tuple[Fact, Level, str]] = [
    (
        MadeByOtherKernel("dg4"),
        Level.WARNING,
        (
            "This session was made with an earlier kernel: its model is learned again by dg4. "
            "What was recorded before cannot be compared bit for bit."
        ),
    ),
    (SessionProblems(("a.dgs is damaged.", "1 take is.")), Level.WARNING, "a.dgs is damaged. 1 take is."),
    (ModelLost(7), Level.ERROR, "No version of this session's model, of which v7 was the last, can be restored"),
    (
        SettingsUnusable(),
        Level.WARNING,
        "The session's learning settings cannot be used; the usual ones are taken.",
    ),
    (
        OtherBase(),
        Level.WARNING,
        "This session does not stand on the base model that ships now: no twin can be compared with.",
    ),
    (
        PinnedGone("It is damaged."),
        Level.WARNING,
        "The version that was pinned cannot be served any more: It is damaged.",
    ),
    (TakeSaved(TAKE, "circle"), Level.GOOD, "42 examples of circle, 2.1 s"),
    (
        TakeSaved(TAKE, "circle", set_aside=True, durable=False),
        Level.WARNING,
        "42 examples of circle, 2.1 s, set aside: scored, not learned – not saved yet",
    ),
    (TakeEmpty(TAKE, "circle"), Level.WARNING, "No window lies inside that take of circle: hold the key a little"),
    (LabelsChanged(DELETED), Level.GOOD, "3 examples deleted."),
    (
        LabelsChanged(DELETED, STILL),
        Level.GOOD,
        "3 examples deleted. v3–v5 have learned them; the next version will not have.",
    ),
    (
        LabelsChanged(DELETED, StillLearned(((3, 3),), several=False, sealed=True), durable=False),
        Level.WARNING,
        "3 examples deleted. v3 has learned it – not saved yet.",
    ),
    (ActWalked(TOOK, True, 42, "circle"), Level.INFO, "Label taken back: 42 examples of circle."),
    (ActWalked(TOOK, False, 42, "circle"), Level.INFO, "Labelled again: 42 examples of circle."),
    (ActWalked(DELETED, True), Level.INFO, "Taken back: 3 examples deleted."),
    (ActWalked(DELETED, False, durable=False), Level.WARNING, "Done again: 3 examples deleted – not saved yet."),
    (NothingToWalk(back=True), Level.INFO, "Nothing to undo."),
    (NothingToWalk(back=False), Level.INFO, "Nothing to redo."),
    (LabelLeftOut("x" * 90, "too long."), Level.WARNING, f"The label “{'x' * 60}” is not learned: too long."),
    (ImportCancelled("a.csv"), Level.WARNING, "Cancelled: nothing of a.csv came."),
    (ImportFailed("it is empty."), Level.ERROR, "Nothing was imported: it is empty."),
    (ProposalRejected(REFUSED), Level.WARNING, f"Not published: {FULL}"),
    (NothingProtected(REFUSED), Level.WARNING, f"Nothing was protected: {FULL}"),
    (NothingBefore(), Level.WARNING, "There is no earlier version to go back to."),
    (NothingAfter(), Level.WARNING, "There is no later version to go forward to."),
    (
        VersionLearnedAgain(12, "5f1ca9e2b7"),
        Level.GOOD,
        "v12 was learned again and is the same to the last bit as was recorded (5f1ca9e2): it can be served",
    ),
    (
        VersionLearnedOtherwise(12, "5f1ca9e2b7", "00a9e2b7ff", other_kernel=False),
        Level.WARNING,
        "v12 cannot be had again: it was 5f1ca9e2, and what it learned gives 00a9e2b7 here.",
    ),
    (
        VersionLearnedOtherwise(12, "5f1ca9e2b7", "00a9e2b7ff", other_kernel=True),
        Level.WARNING,
        "v12 cannot be had again: another kernel learned it: it was 5f1ca9e2",
    ),
    (VersionNotLearnedAgain(12, "it is damaged"), Level.WARNING, "v12 could not be learned again: it is damaged."),
    (VersionRelearningCancelled(12), Level.INFO, "Learning v12 again was cancelled; nothing has changed."),
    (ExamplesParked(3), Level.WARNING, "3 examples were set aside after that"),
    (ExamplesResumed(0), Level.WARNING, "No example is parked: there is nothing to resume."),
    (ExamplesResumed(1), Level.GOOD, "1 parked example follows its label again."),
    (ExamplesResumed(3), Level.GOOD, "3 parked examples follow their labels again."),
    (ExamplesWait(NoRoom(3, None)), Level.WARNING, "New examples are kept but not learned: 3 examples wait"),
    (StreamDrifted(), Level.WARNING, "The stream has drifted"),
    (
        RebuildOffered((4, 5), (0, 2)),
        Level.WARNING,
        "Label taken back; the model keeps what was sealed in banks 1 and 3 (2 examples)",
    ),
    (BaseReady(), Level.INFO, "A new base is trained"),
    (TrainingCancelled(), Level.INFO, "The training was cancelled; nothing has changed."),
    (TrainingFailed("one class only."), Level.WARNING, "No new base was trained: one class only."),
    (ContractBroken(2), Level.ERROR, "The audit found 2 changed bits in protected answers"),
    (NotCertified("v3 is gone."), Level.WARNING, "No answer can be certified: v3 is gone."),
    (TwinFailed("ValueError()"), Level.ERROR, "The twin failed and was switched off: ValueError()"),
    (StreamOver("walks"), Level.INFO, "walks has come to its end."),
    (StreamFound("walks"), Level.GOOD, "walks is back."),
    (StreamLost("the cable is out"), Level.ERROR, "Stream lost, retrying: the cable is out"),
    (StreamSwitched("OSC", "simulator"), Level.INFO, "The stream comes from OSC now, and no more from simulator."),
    (StreamNotClosed("busy"), Level.WARNING, "The lost stream did not close cleanly: busy"),
    (OutputBehind(), Level.WARNING, "An output cannot keep up"),
    (OutputFailed("OSC", "refused"), Level.ERROR, "OSC failed and was switched off: refused"),
    (
        ThreadFailed("dg-learn", Outcome.RESTARTED, "ValueError", "no"),
        Level.ERROR,
        "dg-learn failed and was restarted: ValueError: no",
    ),
    (RecordingBegun(), Level.GOOD, "Recording the stream"),
    (RecordingEnded(12.34, 52_000), Level.GOOD, "Recording is off: 12.3 s so far, 52 kB."),
    (
        RecordingEnded(12.34, 5_200_000, 7, 1),
        Level.WARNING,
        "Recording is off: 12.3 s so far, 5.2 MB; 7 samples and 1 answers of this stretch are lost.",
    ),
    (NotRecording(RecordingTrouble.READ_ONLY, stopped=False), Level.ERROR, "Not recording: nothing can be saved in"),
    (
        NotRecording(RecordingTrouble.DISK_FULL, stopped=True, room=10**9),
        Level.ERROR,
        "Recording has stopped: less than 1000 MB are free on the disk, and labels come first.",
    ),
    (
        NotRecording(RecordingTrouble.MEMORY_FULL, stopped=True, room=10**9),
        Level.ERROR,
        "Recording has stopped: 1 GB of it wait in memory, for nothing can be saved.",
    ),
    (NotRecording(RecordingTrouble.FAILED, stopped=True, error="E()"), Level.ERROR, "Recording has stopped: E()."),
    (RecordingBehind(), Level.WARNING, "The recording has lost a part of the stream"),
    (RecordingNotSaved("disk full."), Level.ERROR, "The recording is not saved, and goes on in memory: disk full."),
    (RecordingSavedAgain(), Level.GOOD, "The recording is saved again."),
    (NotSaved("disk full."), Level.ERROR, "Not saved, going on in memory: disk full."),
    (EntryLeftOut("E()"), Level.ERROR, "One entry could not be saved and is left out: E()"),
    (SavedAgain(), Level.GOOD, "Saving works again; no label was lost."),
    (SavedAs(PATH), Level.GOOD, "This session goes on in a.dgs."),
    (
        SessionRescued(PATH, FileLoss.DELETED, Path("b.dgs"), whole=True),
        Level.ERROR,
        "a.dgs was deleted by another program. Everything is in b.dgs: this session goes on there.",
    ),
    (
        SessionRescued(PATH, FileLoss.TRUNCATED, Path("b.dgs"), whole=False),
        Level.ERROR,
        "a.dgs was truncated by another program. All labels and the model of now are in b.dgs: this session goes on there.",  # noqa: E501
    ),
    (CopySaved(PATH), Level.GOOD, "Everything so far is in the copy a.dgs."),
    (Exported(PATH, "It has 3 rows."), Level.GOOD, "a.dgs is written. It has 3 rows."),
    (NotExported(PATH, "disk full."), Level.ERROR, "Not exported: disk full."),
    (ExportNotStarted(PATH, "denied"), Level.ERROR, "Not exported: the process cannot be started (denied)."),
    (ExportDied(PATH, -9), Level.ERROR, "Not exported: the process ended unexpectedly (status -9)."),
    (
        ExportDied(PATH, 1, "MemoryError"),
        Level.ERROR,
        "Not exported: the process ended unexpectedly (status 1). Its last words: MemoryError",
    ),
    (Notice(EventKind.REFUSED, "No.", Level.WARNING), Level.WARNING, "No."),
]


@pytest.mark.parametrize(("fact", "level", "sentence"), SAID, ids=lambda value: type(value).__name__)
def test_a_fact_is_told_by_its_fields_and_kept_with_them(fact: Fact, level: Level, sentence: str) -> None:
    assert fact.sentence.startswith(sentence) and fact.level == level and isinstance(fact.kind, EventKind)
    line = log_line(Event(fact, 5.0))
    assert (line.kind, line.text, line.level, line.unix) == (fact.kind, fact.sentence, level, 5.0)
    assert json.loads(json.dumps(line.data)) == line.data and set(line.data) == set(fact.__match_args__)


def test_every_fact_is_tried_here() -> None:
    modules = labelling, learning, notice, resuming, running, saving
    every = {it for module in modules for it in vars(module).values() if isinstance(it, type) and issubclass(it, Fact)}
    assert {type(fact) for fact, _, _ in SAID} == {it for it in every if it is not Fact and is_dataclass(it)}
