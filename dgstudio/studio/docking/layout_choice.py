"""Choosing a layout by name: those that the window brings, and one's own."""

from __future__ import annotations

from collections.abc import Callable

from dgstudio.studio.docking.arrangement import Arrangement
from dgstudio.studio.docking.built_in import BUILT_IN
from dgstudio.studio.docking.stored import OwnLayouts, Stored


class LayoutChoice:
    """Puts layouts in use, keeps, renames and deletes them. Qt thread only.

    Parameters
    ----------
    said
        Shows a sentence; with a callable, a button beside it that takes back what was done.
    """

    def __init__(
        self, arrangement: Arrangement, own: OwnLayouts, said: Callable[[str, Callable[[], object] | None], object]
    ) -> None:
        self.arrangement, self.own, self._said = arrangement, own, said

    def choose(self, name: str) -> None:
        """Arrange the panels as the layout of this name says."""
        if name in self.own:
            self.arrangement.put(self.own[name], name)
        else:
            self.arrangement.choose(BUILT_IN[name])

    def reset(self) -> None:
        """Take back what a hand has done since the layout was chosen."""
        name = self.arrangement.layout_name
        if name in self.own:
            self.choose(name)
        else:
            self.arrangement.reset()

    def save(self, name: str) -> None:
        """Keep the present arrangement under a name.

        Raises
        ------
        BadInputError
            If the name does not do.
        """
        name = self.own.fit_name(name)
        before = self.own.get(name)
        self.own.keep(name, self.arrangement.stored(name))
        self.arrangement.is_now(name)
        if before is not None:
            self._said(f"The layout {name} is replaced by the present one.", lambda: self._keep(name, before))
        else:
            self._said(f"Saved as {name}: menu › Layout has it from now on.", None)

    def rename(self, name: str, to: str) -> None:
        """Give one of one's own layouts another name.

        Raises
        ------
        BadInputError
            If the name does not do.
        """
        self.own.rename(name, to)
        if self.arrangement.layout_name == name:
            self.arrangement.is_now(self.own.fit_name(to))

    def delete(self, name: str) -> None:
        """Forget one of one's own layouts; the panels stay as they are."""
        layout = self.own.drop(name)
        self._said(f"The layout {name} is deleted.", lambda: self._keep(name, layout))

    def _keep(self, name: str, layout: Stored) -> None:
        self.own.keep(name, layout)
