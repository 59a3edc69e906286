"""A doubtful moment that is none of the classes: it is offered to name a new one, which then has that moment."""

from __future__ import annotations

from dgstudio.studio.classes.hold_to_label import Labelling
from dgstudio.studio.classes.panel import ClassesPanel
from dgstudio.studio.common.overlays.toast import Toast
from dgstudio.studio.uncertain.panel import UncertainPanel
from dgstudio.types import ClassInfo, LabelledBy, Level


class NewClassOffer:
    """Between the panel that asks and the one that names. Qt thread only."""

    def __init__(self, asking: UncertainPanel, naming: ClassesPanel, labelling: Labelling, toast: Toast) -> None:
        self._naming, self._labelling, self._toast = naming, labelling, toast
        self._span: tuple[float, float] | None = None
        """The moment that the class which is being named may have."""
        asking.none_of_these.connect(self._offer)
        naming.added.connect(self._label)
        naming.closed.connect(self._forget)

    def _offer(self, span: tuple[float, float]) -> None:
        self._toast.show_text(
            "None of the classes: that moment is left out.", Level.INFO, "New class…", lambda: self._begin(span)
        )

    def _begin(self, span: tuple[float, float]) -> None:
        self._span = span
        self._naming.begin_add()

    def _label(self, info: ClassInfo) -> None:
        if self._span is not None:
            self._labelling.label(info.id, self._span, LabelledBy.SUGGESTION)
            self._span = None

    def _forget(self) -> None:
        self._span = None
