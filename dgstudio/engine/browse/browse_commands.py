"""What the example browser asks of the engine: what is known of examples, and which versions contain them."""

from __future__ import annotations

from collections.abc import Iterable

from dgstudio.engine.adapt.version_index import Containing, VersionContents
from dgstudio.engine.browse.analysis import Analysis
from dgstudio.engine.browse.browse_worker import BrowseWorker
from dgstudio.engine.labels.label_book import LabelBook
from dgstudio.learning.learner.learned_examples import LearnedExamples


class BrowseCommands:
    """Commands of the engine; each returns at once. Any thread."""

    book: LabelBook
    browse: BrowseWorker
    contents: VersionContents

    def watch_examples(self, on: bool) -> None:
        """Keep `analysis` up to date from now on, or no longer."""
        self.browse.ask(on)

    @property
    def analysis(self) -> Analysis | None:
        """What is known of the examples that stand; None before anybody asked."""
        return self.browse.analysis

    def notes(self) -> dict[int, str]:
        """Example id → the user's note."""
        return self.book.notes()

    def takes_of_this_run(self) -> frozenset[int]:
        """Ids of the takes that stand and whose times are of this run's clock."""
        return frozenset(take.id for take in self.book.takes())

    def containing(self, example_ids: Iterable[int]) -> Containing:
        """Which of the versions that can be gone back to contain at least one of these examples."""
        return self.contents.containing(example_ids)

    def contents_of(self, version: int) -> LearnedExamples | None:
        """The examples that a version has learned; None while that has not been read, or where it is gone."""
        return self.contents.of(version)
