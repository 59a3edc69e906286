"""What a user should know about a file as a whole: found while it was read, or while its import was planned."""

from __future__ import annotations

from abc import ABC, abstractmethod

from dgstudio.reasons.reason import example_count, how_many, shortened
from dgstudio.records import dataclass

LEAST_TIMES = 2
"""Times that a file must have for them to give a rate."""
NAMED = 3
"""Columns that are named beside the channels that they are taken for."""


class Note(ABC):
    """Something to know about a file: a frozen dataclass. Nobody reads its sentence but people."""

    __slots__ = ()

    @property
    @abstractmethod
    def sentence(self) -> str:
        """It as a sentence of its own."""


# -- columns and cells -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NoHeader(Note):
    """The file does not name its columns."""

    columns: int

    @property
    def sentence(self) -> str:
        """With the names that they get."""
        return f"There is no header: the columns are called ch1 to ch{self.columns}."


@dataclass(frozen=True, slots=True)
class NameRepeated(Note):
    """A column has the name of another; `column` counts from 1, `called` is what it is called instead."""

    name: str
    column: int
    called: str

    @property
    def sentence(self) -> str:
        """With both names."""
        return f"The name “{self.name}” is used more than once: column {self.column} is called “{self.called}”."


@dataclass(frozen=True, slots=True)
class ValuesMissing(Note):
    """So many of the values of channels are no finite numbers."""

    missing: int
    of: int

    @property
    def sentence(self) -> str:
        """With what becomes of them."""
        values = f"{self.missing:,} of {self.of:,} values {'is' if self.missing == 1 else 'are'}"
        return f"{values} missing, NaN or infinite; features repair them."


@dataclass(frozen=True, slots=True)
class TimeWithoutNumbers(Note):
    """The column that is called like a time holds none."""

    column: str

    @property
    def sentence(self) -> str:
        """Naming the column."""
        return f"The column “{self.column}” has no numbers, so it does not give the time, and is left out."


@dataclass(frozen=True, slots=True)
class ColumnLeftOut(Note):
    """A column can be no channel: it is `empty`, or has text only."""

    column: str
    empty: bool

    @property
    def sentence(self) -> str:
        """With why."""
        return f"The column “{self.column}” {'is empty' if self.empty else 'has only text'} and is left out."


@dataclass(frozen=True, slots=True)
class TextAmongNumbers(Note):
    """So many cells of a channel hold text; `line` is that of the first."""

    column: str
    cells: int
    line: int

    @property
    def sentence(self) -> str:
        """With what becomes of them."""
        hold = "1 cell holds" if self.cells == 1 else f"{self.cells} cells hold"
        return f"In the column “{self.column}”, {hold} text, first on line {self.line}: taken as NaN."


@dataclass(frozen=True, slots=True)
class TakenAsTruth(Note):
    """Nobody has chosen the column with the labels: this one is called like it."""

    column: str

    @property
    def sentence(self) -> str:
        """Naming the column."""
        return f"The column “{self.column}” is taken as ground truth, not as a channel."


@dataclass(frozen=True, slots=True)
class LabelsAreNumbers(Note):
    """The labels of a recording have too many different values, and are not used."""

    file: str
    values: int

    @property
    def finding(self) -> str:
        """A sentence that says what was found, not what becomes of it."""
        return f"The labels of {self.file} have {self.values} different values: those are numbers, not classes."

    @property
    def sentence(self) -> str:
        """With what becomes of them."""
        return f"{self.finding} They are not used."


# -- time ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TimesSince1970(Note):
    """The times of a column are so large that they count from 1970, in this unit."""

    column: str
    unit: str

    @property
    def sentence(self) -> str:
        """With the unit."""
        return f"The times in “{self.column}” are taken as {self.unit} since 1970."


@dataclass(frozen=True, slots=True)
class TimesMissing(Note):
    """So many rows have no finite time; `first` is where the first of them stands, a `place` ("line", "row").

    `known` rows have one.
    """

    column: str
    rows: int
    first: int
    place: str
    known: int

    @property
    def sentence(self) -> str:
        """With what becomes of them."""
        one = self.rows == 1
        where = f"on {self.place}" if one else f"first on {self.place}"
        hold = "1 time is" if one else f"{self.rows:,} times are"
        found = f"In the column “{self.column}”, {hold} missing, NaN or infinite, {where} {self.first}"
        if self.known < LEAST_TIMES:
            return f"{found}: too few are left, so the times are not used."
        they, them = ("it is", "it") if one else ("they are", "them")
        return f"{found}: {they} interpolated between the times around {them}."


@dataclass(frozen=True, slots=True)
class TimesTooClose(Note):
    """The times are so many seconds apart, which no sensor does."""

    step_s: float

    @property
    def sentence(self) -> str:
        """With the step."""
        return f"The times are {self.step_s:g} s apart, which can't be, so they are not used."


@dataclass(frozen=True, slots=True)
class TimesDoNotRise(Note):
    """The times stand still, or run backwards as often as not."""

    @property
    def sentence(self) -> str:
        """The same for all."""
        return "The times do not rise, so they are not used."


@dataclass(frozen=True, slots=True)
class RateAssumed(Note):
    """Neither the file nor the user says how many samples a second there are."""

    rate: float

    @property
    def sentence(self) -> str:
        """With the option that says it."""
        return f"The file does not say its rate: {self.rate:g} samples a second are assumed (--rate)."


@dataclass(frozen=True, slots=True)
class RateNotUsed(Note):
    """The user asked for a rate, and the times of the file give another, their `own`."""

    own: float
    asked: float

    @property
    def sentence(self) -> str:
        """With both rates."""
        return f"The times in the file give {self.own:g} samples a second; the rate {self.asked:g} is not used."


@dataclass(frozen=True, slots=True)
class SamplesFarApart(Note):
    """By the times of the file there is less than one sample a second."""

    step_s: float

    @property
    def sentence(self) -> str:
        """With what it may be."""
        return (
            f"The samples are {self.step_s:g} s apart by the file's times: are they milliseconds? "
            "Then name them time_ms."
        )


@dataclass(frozen=True, slots=True)
class GapsInTime(Note):
    """The times leap ahead so often, at most by so many seconds."""

    count: int
    longest_s: float

    @property
    def sentence(self) -> str:
        """With what comes of it."""
        gaps = how_many(self.count, "gap")
        return f"The times have {gaps} of up to {self.longest_s:g} s: windows start afresh there."


@dataclass(frozen=True, slots=True)
class TimeRunsBack(Note):
    """The times run backwards so often."""

    count: int

    @property
    def sentence(self) -> str:
        """With what comes of it."""
        count = "once" if self.count == 1 else f"{self.count} times"
        return f"The time runs backwards {count}: windows start afresh there."


@dataclass(frozen=True, slots=True)
class TimesEvened(Note):
    """The times are uneven: rows were interpolated, so many a second. The steps were of `least_s` to `most_s`."""

    rate: float
    least_s: float
    most_s: float

    @property
    def sentence(self) -> str:
        """With the steps and the rate."""
        steps = f"{1000 * self.least_s:.3g} to {1000 * self.most_s:.3g} ms"
        return f"The times are uneven, in steps of {steps}: rows are interpolated, {self.rate:g} a second."


@dataclass(frozen=True, slots=True)
class LinesWrong(Note):
    """So many lines of a file are wrong; `first` is the number of the first, `why` what is wrong with it."""

    count: int
    first: int
    why: str

    @property
    def sentence(self) -> str:
        """Naming the first."""
        if self.count == 1:
            return f"Line {self.first} cannot be taken as it stands: {self.why}."
        return f"{self.count:,} lines cannot be taken as they stand; the first is line {self.first}: {self.why}."


@dataclass(frozen=True, slots=True)
class TakesFound(Note):
    """A folder holds so many takes, in so many files; `by` says where their `labels` come from, if they have any."""

    takes: int
    files: int
    by: str
    labels: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """With where the labels come from."""
        found = f"{how_many(self.takes, 'take')} in {how_many(self.files, 'file')}"
        if not self.labels:
            return f"The folder holds {found}, without labels: put those of a class in a folder of its name."
        return f"The folder holds {found}; {self.by}: {shortened(', '.join(self.labels), 120)}."


@dataclass(frozen=True, slots=True)
class FileLeftOut(Note):
    """A file of a folder is not played, and why, in a sentence."""

    file: str
    why: str

    @property
    def sentence(self) -> str:
        """Naming the file."""
        return f"{self.file} is left out. {self.why}"


@dataclass(frozen=True, slots=True)
class OtherRate(Note):
    """So many files of a folder have other rates than the first: their rows are interpolated."""

    files: int
    rate: float

    @property
    def sentence(self) -> str:
        """With the rate that all get."""
        have = "1 file has another rate" if self.files == 1 else f"{self.files} files have other rates"
        return f"{have} than the first: rows are interpolated, {self.rate:g} a second."


@dataclass(frozen=True, slots=True)
class RecordingTooShort(Note):
    """A recording without a break has fewer `rows` than a window, which is so many samples, or seconds."""

    file: str
    rows: int
    window: int
    window_s: float

    @property
    def sentence(self) -> str:
        """With what to do."""
        needs = f"a window of {self.window} samples ({self.window_s:g} s)"
        return f"{self.file} has {how_many(self.rows, 'row')}, fewer than {needs}: it gets no answer. Record more."


@dataclass(frozen=True, slots=True)
class StretchesTooShort(Note):
    """So many of the stretches that are played are shorter than a window of so many samples, or seconds."""

    file: str
    short: int
    of: int
    window: int
    window_s: float

    @property
    def sentence(self) -> str:
        """With what comes of it."""
        needs = f"a window of {self.window} samples ({self.window_s:g} s)"
        if self.short == self.of:
            return f"All {self.short} stretches between breaks in {self.file} are shorter than {needs}: no answers."
        return f"{self.short} of {self.of} stretches between breaks are shorter than {needs}: no answers there."


# -- imports ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TakesHeld(Note):
    """A file holds takes of `least` to `most` samples."""

    takes: int
    least: int
    most: int
    channels: int

    @property
    def sentence(self) -> str:
        """As in "It holds 12 takes of 90 to 100 samples in 6 channels."."""
        samples = f"{self.most} samples each" if self.least == self.most else f"{self.least} to {self.most} samples"
        return f"It holds {self.takes} takes of {samples} in {self.channels} channels."


@dataclass(frozen=True, slots=True)
class RateOfStream(Note):
    """The file does not say how many samples a second it has: as many as the stream."""

    rate: float

    @property
    def sentence(self) -> str:
        """With the rate."""
        return f"It does not say its rate: that of the stream is assumed ({self.rate:g} Hz)."


@dataclass(frozen=True, slots=True)
class Resampled(Note):
    """The file has another rate than the stream."""

    from_rate: float
    to_rate: float

    @property
    def sentence(self) -> str:
        """With both rates."""
        return (
            f"It was recorded at {self.from_rate:g} Hz: its samples are interpolated to the stream's "
            f"{self.to_rate:g} Hz."
        )


@dataclass(frozen=True, slots=True)
class NoExamplesOfStretches(Note):
    """So many stretches between breaks are shorter than a window of so many seconds."""

    short: int
    of: int
    window_s: float

    @property
    def sentence(self) -> str:
        """With what comes of it."""
        what = "1 stretch is" if self.short == 1 else f"{self.short:,} of {self.of:,} stretches between breaks are"
        return f"{what} shorter than a window ({self.window_s:g} s): no examples of that."


@dataclass(frozen=True, slots=True)
class RowsWithoutLabel(Note):
    """So many rows have no label."""

    count: int
    of: int

    @property
    def sentence(self) -> str:
        """With what becomes of them."""
        verbs = ("has", "is") if self.count == 1 else ("have", "are")
        return f"{self.count:,} of {self.of:,} rows {verbs[0]} no label and {verbs[1]} left out."


@dataclass(frozen=True, slots=True)
class FeaturesReordered(Note):
    """The file has the features of this model in another order."""

    @property
    def sentence(self) -> str:
        """The same for all."""
        return "Its features stand in another order: they are matched by their names."


@dataclass(frozen=True, slots=True)
class FeaturesByPlace(Note):
    """The columns of the file are as many as the features of this model, and have other names."""

    count: int

    @property
    def sentence(self) -> str:
        """With what becomes of them."""
        return f"Its columns are not named as features are: all {self.count} are taken in their order."


@dataclass(frozen=True, slots=True)
class ColumnsToSpare(Note):
    """More columns hold numbers than the stream has channels."""

    columns: int
    channels: int

    @property
    def sentence(self) -> str:
        """With what becomes of them."""
        return f"{self.columns} columns hold numbers and the stream has {self.channels} channels: the others stay."


@dataclass(frozen=True, slots=True)
class ChannelsNamedOtherwise(Note):
    """Columns are taken for channels of other names: pairs of column and channel."""

    pairs: tuple[tuple[str, str], ...]

    @property
    def sentence(self) -> str:
        """With the first of them."""
        named = ", ".join(f"{column} as {channel}" for column, channel in self.pairs[:NAMED])
        more = len(self.pairs) - NAMED
        return f"Columns and channels have different names: {named}{f' and {more} more' if more > 0 else ''}."


@dataclass(frozen=True, slots=True)
class SomeLearned(Note):
    """There are more examples than are learned at once: so many are."""

    learned: int

    @property
    def sentence(self) -> str:
        """With what becomes of the others."""
        return f"{self.learned:,} of them are learned, spread evenly; all are kept."


@dataclass(frozen=True, slots=True)
class ClassesGone(Note):
    """So many examples of another session are of classes that were removed there."""

    examples: int

    @property
    def sentence(self) -> str:
        """With what becomes of them."""
        verb = "is" if self.examples == 1 else "are"
        return f"{example_count(self.examples)} of removed classes {verb} left out."


@dataclass(frozen=True, slots=True)
class FoundAtOpening(Note):
    """What the opening of another session had to say."""

    said: str

    @property
    def sentence(self) -> str:
        """As it was said."""
        return self.said
