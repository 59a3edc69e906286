"""What is said of a file that is read: a sentence for each note, words for each line that is wrong."""

from typing import Any

import pytest

from dgstudio.reasons import noted, wrong_lines
from dgstudio.reasons.noted import (
    ChannelsNamedOtherwise,
    ClassesGone,
    ColumnLeftOut,
    ColumnsToSpare,
    FeaturesByPlace,
    FeaturesReordered,
    FileLeftOut,
    FoundAtOpening,
    GapsInTime,
    LabelsAreNumbers,
    LinesWrong,
    NameRepeated,
    NoExamplesOfStretches,
    NoHeader,
    Note,
    OtherRate,
    RateAssumed,
    RateNotUsed,
    RateOfStream,
    RecordingTooShort,
    Resampled,
    RowsWithoutLabel,
    SamplesFarApart,
    SomeLearned,
    StretchesTooShort,
    TakenAsTruth,
    TakesFound,
    TakesHeld,
    TextAmongNumbers,
    TimeRunsBack,
    TimesDoNotRise,
    TimesEvened,
    TimesMissing,
    TimesSince1970,
    TimesTooClose,
    TimeWithoutNumbers,
    ValuesMissing,
)
from dgstudio.reasons.wrong_lines import (
    CellNoNumber,
    LengthOf,
    NoNameOfAClass,
    NoNumberInRelation,
    NotDeclared,
    NotSparse,
    NoValue,
    OtherChannels,
    Outcome,
    RelationUneven,
    RowOfOtherLength,
    ValueTooLarge,
    WrongLine,
)

NOTES: list[tuple[Note, str]] = [
    (
        TimesEvened(100.0, 0.008, 0.0125),
        "The times are uneven, in steps of 8 to 12.5 ms: rows are interpolated, 100 a second.",
    ),
    (LinesWrong(1, 7, "it has 3 cells"), "Line 7 cannot be taken as it stands: it has 3 cells."),
    (
        LinesWrong(1200, 7, "it has 3 cells"),
        "1,200 lines cannot be taken as they stand; the first is line 7: it has 3 cells.",
    ),
    (
        TakesFound(3, 2, "", ()),
        "The folder holds 3 takes in 2 files, without labels: put those of a class in a folder of its name.",
    ),
    (TakesFound(1, 1, "labels by folder", ("walk",)), "The folder holds 1 take in 1 file; labels by folder: walk."),
    (FileLeftOut("b.csv", "It is empty."), "b.csv is left out. It is empty."),
    (OtherRate(1, 50.0), "1 file has another rate than the first: rows are interpolated, 50 a second."),
    (OtherRate(3, 50.0), "3 files have other rates than the first: rows are interpolated, 50 a second."),
    (NoHeader(3), "There is no header: the columns are called ch1 to ch3."),
    (NameRepeated("x", 2, "x 2"), "The name “x” is used more than once: column 2 is called “x 2”."),
    (ValuesMissing(1, 1200), "1 of 1,200 values is missing, NaN or infinite; features repair them."),
    (ValuesMissing(3, 1200), "3 of 1,200 values are missing, NaN or infinite; features repair them."),
    (
        TimeWithoutNumbers("time"),
        "The column “time” has no numbers, so it does not give the time, and is left out.",
    ),
    (ColumnLeftOut("ax", empty=True), "The column “ax” is empty and is left out."),
    (ColumnLeftOut("ax", empty=False), "The column “ax” has only text and is left out."),
    (TextAmongNumbers("ax", 1, 7), "In the column “ax”, 1 cell holds text, first on line 7: taken as NaN."),
    (TextAmongNumbers("ax", 2, 7), "In the column “ax”, 2 cells hold text, first on line 7: taken as NaN."),
    (TakenAsTruth("label"), "The column “label” is taken as ground truth, not as a channel."),
    (
        LabelsAreNumbers("a.csv", 2000),
        "The labels of a.csv have 2000 different values: those are numbers, not classes. They are not used.",
    ),
    (TimesSince1970("t", "milliseconds"), "The times in “t” are taken as milliseconds since 1970."),
    (
        TimesMissing("t", 1, 5, "line", 99),
        (
            "In the column “t”, 1 time is missing, NaN or infinite, on line 5: "
            "it is interpolated between the times around it."
        ),
    ),
    (
        TimesMissing("t", 2, 5, "line", 1),
        (
            "In the column “t”, 2 times are missing, NaN or infinite, first on line 5: too few are left, "
            "so the times are not used."
        ),
    ),
    (TimesTooClose(1e-9), "The times are 1e-09 s apart, which can't be, so they are not used."),
    (TimesDoNotRise(), "The times do not rise, so they are not used."),
    (RateAssumed(50.0), "The file does not say its rate: 50 samples a second are assumed (--rate)."),
    (RateNotUsed(50.0, 20.0), "The times in the file give 50 samples a second; the rate 20 is not used."),
    (
        SamplesFarApart(20.0),
        "The samples are 20 s apart by the file's times: are they milliseconds? Then name them time_ms.",
    ),
    (GapsInTime(1, 2.5), "The times have 1 gap of up to 2.5 s: windows start afresh there."),
    (GapsInTime(3, 2.5), "The times have 3 gaps of up to 2.5 s: windows start afresh there."),
    (TimeRunsBack(1), "The time runs backwards once: windows start afresh there."),
    (TimeRunsBack(2), "The time runs backwards 2 times: windows start afresh there."),
    (
        RecordingTooShort("a.csv", 1, 100, 2.0),
        "a.csv has 1 row, fewer than a window of 100 samples (2 s): it gets no answer. Record more.",
    ),
    (
        StretchesTooShort("a.csv", 2, 3, 100, 2.0),
        "2 of 3 stretches between breaks are shorter than a window of 100 samples (2 s): no answers there.",
    ),
    (
        StretchesTooShort("a.csv", 3, 3, 100, 2.0),
        "All 3 stretches between breaks in a.csv are shorter than a window of 100 samples (2 s): no answers.",
    ),
    (TakesHeld(2, 3, 3, 6), "It holds 2 takes of 3 samples each in 6 channels."),
    (TakesHeld(2, 3, 9, 6), "It holds 2 takes of 3 to 9 samples in 6 channels."),
    (RateOfStream(50.0), "It does not say its rate: that of the stream is assumed (50 Hz)."),
    (
        Resampled(100.0, 50.0),
        "It was recorded at 100 Hz: its samples are interpolated to the stream's 50 Hz.",
    ),
    (NoExamplesOfStretches(1, 3, 2.0), "1 stretch is shorter than a window (2 s): no examples of that."),
    (
        NoExamplesOfStretches(2, 3, 2.0),
        "2 of 3 stretches between breaks are shorter than a window (2 s): no examples of that.",
    ),
    (RowsWithoutLabel(1, 1000), "1 of 1,000 rows has no label and is left out."),
    (RowsWithoutLabel(2, 1000), "2 of 1,000 rows have no label and are left out."),
    (FeaturesReordered(), "Its features stand in another order: they are matched by their names."),
    (FeaturesByPlace(48), "Its columns are not named as features are: all 48 are taken in their order."),
    (ColumnsToSpare(7, 6), "7 columns hold numbers and the stream has 6 channels: the others stay."),
    (ChannelsNamedOtherwise((("a", "ax"),)), "Columns and channels have different names: a as ax."),
    (
        ChannelsNamedOtherwise((("a", "ax"), ("b", "ay"), ("c", "az"), ("d", "gx"))),
        "Columns and channels have different names: a as ax, b as ay, c as az and 1 more.",
    ),
    (SomeLearned(600), "600 of them are learned, spread evenly; all are kept."),
    (ClassesGone(1), "1 example of removed classes is left out."),
    (ClassesGone(3), "3 examples of removed classes are left out."),
    (FoundAtOpening("It is damaged."), "It is damaged."),
]
WRONG: list[tuple[WrongLine, str]] = [
    (RowOfOtherLength(1, 4, LengthOf.HEADER), "has 1 cell where the header has 4: left out"),
    (RowOfOtherLength(2, 4, LengthOf.FIRST_ROW), "has 2 cells where the first row has 4: left out"),
    (RowOfOtherLength(2, 4, LengthOf.ATTRIBUTES), "has 2 cells where there are 4 attributes: left out"),
    (NotSparse(), "is no sparse row: left out"),
    (NotDeclared("jump", "kind"), "“jump” is none of the values of “kind”: taken as missing"),
    (RelationUneven(), "its relation is empty or has rows of different lengths: left out"),
    (NoNumberInRelation("x"), "“x” in its relation is no number: taken as missing"),
    (OtherChannels(3, 2), "has 3 channels where the first take has 2: left out"),
    (NoNameOfAClass("a", 1, "It is short."), "“a” cannot be a class, 1 row is left out: It is short."),
    (
        NoNameOfAClass("a " * 40, 2000, "It is long."),
        f"“{('a ' * 40)[:39]}…” cannot be a class, 2,000 rows are left out: It is long.",
    ),
    (CellNoNumber("x7", "ax", Outcome.LEFT_OUT), "“x7” in “ax” is no number: left out"),
    (CellNoNumber("x\n7", "ax", Outcome.AS_MISSING), "“x 7” in “ax” is no number: taken as missing"),
    (NoValue("ax"), "“ax” has no value: left out"),
    (ValueTooLarge("ax", 1e60), "“ax” is 1e+60, which is beyond what features can be: left out"),
]


@pytest.mark.parametrize(("note", "sentence"), NOTES)
def test_a_note_is_a_sentence(note: Note, sentence: str) -> None:
    assert note.sentence == sentence and sentence.endswith(".") and "\n" not in sentence


@pytest.mark.parametrize(("wrong", "words"), WRONG)
def test_what_is_wrong_follows_the_number_of_its_line(wrong: WrongLine, words: str) -> None:
    assert wrong.words == words


@pytest.mark.parametrize(("module", "base", "tried"), [(noted, Note, NOTES), (wrong_lines, WrongLine, WRONG)])
def test_each_has_been_tried(module: Any, base: type, tried: list[tuple[Any, str]]) -> None:
    kinds = {kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, base)}
    assert kinds - {base} == {type(fact) for fact, _ in tried}
