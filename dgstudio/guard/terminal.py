"""The terminal that commands write to: what is printed there can neither move the cursor nor set a title."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from dgstudio.guard.texts import plain_text


class PlainConsole(Console):
    """A console that takes control characters out of every text: names and paths come from others."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Make a text that can be printed; cells of tables come here, too."""
        return super().render_str(plain_text(text, lines=True), **options)
