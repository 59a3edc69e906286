"""What the Inspector is asked to show."""

from __future__ import annotations

from dgstudio.records import dataclass


@dataclass(frozen=True, slots=True)
class AnswerSubject:
    """The answer of the moment that is shown."""


@dataclass(frozen=True, slots=True)
class UnitSubject:
    """A unit of the base."""

    index: int


@dataclass(frozen=True, slots=True)
class BankSubject:
    """A bank, by its place from 0."""

    place: int


@dataclass(frozen=True, slots=True)
class ClassSubject:
    """A class: who changed what is said of it."""

    class_id: int


@dataclass(frozen=True, slots=True)
class VersionsSubject:
    """The two versions that are compared (`StudioState.compared`)."""


Subject = AnswerSubject | UnitSubject | BankSubject | ClassSubject | VersionsSubject
