"""Panels that are made when somebody first asks for them: most of them are closed at the start."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from dgstudio.studio.common.panels.panel import PanelFrame


class LatePanels(Mapping[str, PanelFrame]):
    """All panels of a window by id, each made, and its module imported, at the first look. Qt thread only.

    Parameters
    ----------
    makers
        Make each panel, by id.
    """

    def __init__(self, makers: Mapping[str, Callable[[], PanelFrame]]) -> None:
        self._makers = makers
        self._hear: list[Callable[[str, PanelFrame], object]] = []
        self.made: dict[str, PanelFrame] = {}
        """Those that are there, in the order of all."""

    def when_made(self, hear: Callable[[str, PanelFrame], object]) -> None:
        """Call `hear` with id and panel once for each, now or as soon as it is made; who asked first hears first."""
        self._hear.append(hear)
        for name, panel in self.made.items():
            hear(name, panel)

    def __getitem__(self, name: str) -> PanelFrame:
        panel = self.made.get(name)
        if panel is None:
            panel = self._makers[name]()
            # Another dictionary, in the order of all: whoever goes through it may be who has one made.
            self.made = {
                each: had for each in self if (had := panel if each == name else self.made.get(each)) is not None
            }
            for hear in self._hear:
                hear(name, panel)
        return panel

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)
