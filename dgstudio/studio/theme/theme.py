"""The look: one table of tokens, a dark and a light theme from it, fonts, and their application to Qt."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, lru_cache
from typing import Any, Final, Protocol

from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette

from dgstudio.paths import asset
from dgstudio.records import dataclass

TOKENS: Final[dict[str, tuple[str, str]]] = {
    # name: (dark, light). No colour is written anywhere else in the studio.
    "background": ("#0f1216", "#dfe3e8"),  # behind and between panels; wells of plots
    "surface": ("#13171c", "#ffffff"),  # panels
    "raised": ("#181c23", "#f4f6f8"),  # top bar, status bar, cards
    "control": ("#1b2128", "#e9edf1"),  # buttons, chips, bar tracks, idle cells
    "control_hover": ("#222831", "#dde3e9"),
    "well": ("#0f1216", "#eef1f4"),  # where data is drawn inside a card
    "border": ("#2c3541", "#c8d0d9"),
    "border_strong": ("#485466", "#94a1b0"),
    "text": ("#d8dde4", "#1b222b"),
    "text_strong": ("#f4f7fe", "#0b0f14"),
    "text_muted": ("#8b96a3", "#55606d"),
    "text_faint": ("#545d69", "#8d98a5"),  # ornaments and what is disabled; never the only carrier of a fact
    "accent": ("#2a6cf3", "#2563eb"),
    "accent_hover": ("#3f7cf6", "#1d55d4"),
    "accent_soft": ("#121e33", "#dfe9fd"),
    "accent_text": ("#7fa6f8", "#1d4fc4"),
    "on_accent": ("#ffffff", "#ffffff"),
    "good": ("#2ebe70", "#12803f"),
    "warning": ("#efa239", "#a35c00"),
    "bad": ("#f0645a", "#c22f26"),
    "recording": ("#f0645a", "#c22f26"),
    "recording_soft": ("#261e22", "#fbe6e4"),
    "base_unit": ("#7389b8", "#4a64a0"),
    "learned_unit": ("#efa239", "#c77800"),
    "reserve_unit": ("#3b434b", "#b9c2cc"),
    "unit_off": ("#1b2128", "#e9edf1"),
    "unit_border": ("#2c3541", "#c8d0d9"),
    "learned_border": ("#6b4a1e", "#e0b877"),
    "publish": ("#296cf3", "#2563eb"),  # vertical lines of publishes
    "grid": ("#20262e", "#e1e6eb"),
    "twin": ("#f0645a", "#c22f26"),
}
"""Every colour of the window: name → (dark, light)."""

CHANNELS: Final[dict[str, tuple[str, ...]]] = {
    "dark": ("#8fb3dc", "#b0d2a3", "#dfa49a", "#c6b2e3", "#ddc993", "#8fd0c4", "#d9a7c7", "#aeb8c4"),
    "light": ("#2f6cb0", "#4a8a3a", "#b8503f", "#7a55b3", "#9a7a10", "#1c8474", "#a4477f", "#55606d"),
}
"""Colours of channel traces: distinct, and quieter than those of the classes."""

TEXT_CONTRAST, SHAPE_CONTRAST = 4.5, 3.0
"""What text and what shapes need against their ground (WCAG 2.1, 1.4.3 and 1.4.11)."""
UI_FAMILY: Final = "Inter"
MONO_FAMILY: Final = "JetBrains Mono"
CAPITALS: Final = 401
"""Weight of type that is all in capitals: drawn as 400 is, and known by it where a file keeps no capitals."""
SPACED: Final = 0.7
"""Logical pixels between two letters of a header, besides what is between all letters."""
SIZES: Final[dict[str, int]] = {
    "tiny": 11,
    "small": 12,
    "body": 13,
    "bar": 14,
    "brand": 15,
    "title": 16,
    "answer": 44,
}
"""Type sizes in logical pixels."""


@dataclass(frozen=True, slots=True)
class Theme:
    """One theme: each colour token as "#rrggbb", the hues of channels, and the scale of type (1 = normal).

    No type is smaller than `least`, in logical pixels before they are scaled.
    """

    name: str
    background: str
    surface: str
    raised: str
    control: str
    control_hover: str
    well: str
    border: str
    border_strong: str
    text: str
    text_strong: str
    text_muted: str
    text_faint: str
    accent: str
    accent_hover: str
    accent_soft: str
    accent_text: str
    on_accent: str
    good: str
    warning: str
    bad: str
    recording: str
    recording_soft: str
    base_unit: str
    learned_unit: str
    reserve_unit: str
    unit_off: str
    unit_border: str
    learned_border: str
    publish: str
    grid: str
    twin: str
    channels: tuple[str, ...]
    scale: float = 1.0
    least: float = 0.0

    @property
    def dark(self) -> bool:
        """Whether text is light on dark."""
        return self.name == "dark"

    def colour(self, token: str, alpha: float = 1.0) -> QColor:
        """Return a token (or any "#rrggbb") as a QColor with opacity `alpha` in 0..1."""
        return QColor(_colour(getattr(self, token) if token in TOKENS else token, alpha))

    def px(self, size: str | int) -> int:
        """Return a size of `SIZES` (or logical pixels) times the scale of type."""
        return round(self.length(size))

    def length(self, size: str | float) -> float:
        """Return the same unrounded, for what is drawn finer than in whole logical pixels."""
        return (SIZES[size] if isinstance(size, str) else size) * self.scale

    def ui(self, size: str | float = "body", weight: int = 400) -> QFont:
        """Return Inter with figures of equal width; `size` as for `px`, `weight` 100..900."""
        return self._font(UI_FAMILY, size, weight)

    def mono(self, size: str | float = "small", weight: int = 400) -> QFont:
        """Return JetBrains Mono; `size` as for `px`."""
        return self._font(MONO_FAMILY, size, weight)

    def _font(self, family: str, size: str | float, weight: int) -> QFont:
        # Below the usual size a pixel is several of the screen's: rounded, small and smaller type would be the same.
        length = max(self.length(size), self.length(self.least))
        return QFont(_made(family, length if self.scale < 1 else float(round(length)), weight))

    def header(self) -> QFont:
        """Return the font of a panel's header: small, capitals, spaced."""
        font = self.ui("tiny", CAPITALS)
        font.setCapitalization(QFont.Capitalization.AllUppercase)
        font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, SPACED)
        return font

    def header_mono(self) -> QFont:
        """Return the font of the status text at the right of a panel's header."""
        font = self.mono("tiny", CAPITALS)
        font.setCapitalization(QFont.Capitalization.AllUppercase)
        return font

    def readable(self, colour: str, on: str = "surface", least: float = TEXT_CONTRAST) -> str:
        """Return `colour`, moved towards the text colour until it can be read as text on `on` (token or "#rrggbb")."""
        return _readable(colour, self.colour(on).name(), self.text_strong, least)

    def visible(self, colour: str) -> str:
        """Return `colour`, moved towards the text colour until shapes of it stand out against a panel."""
        return self.readable(colour, least=SHAPE_CONTRAST)

    def channel(self, index: int) -> str:
        """Return the colour of the trace of channel `index`; they repeat after the last."""
        return self.channels[index % len(self.channels)]

    def hues(self, count: int) -> tuple[str, ...]:
        """Return `count` colours that differ in hue and lightness and are quiet enough to draw upon, as "#rrggbb"."""
        return _hues(self.dark, count)

    def scaled(self, scale: float) -> Theme:
        """Return this theme with its type scaled."""
        return replace(self, scale=scale)


class Themed(Protocol):
    """Whatever draws itself from a theme."""

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        ...


@lru_cache(maxsize=4096)
def _colour(name: str, alpha: float) -> QColor:
    value = QColor(name)
    value.setAlphaF(alpha)
    return value


@cache
def _hues(dark: bool, count: int) -> tuple[str, ...]:
    saturation, values = (0.48, (0.34, 0.46, 0.58)) if dark else (0.26, (0.98, 0.90, 0.82))
    # By the golden section neighbours in number are far apart in hue.
    return tuple(QColor.fromHsvF(k * 0.618034 % 1.0, saturation, values[k % 3]).name() for k in range(count))


@lru_cache(maxsize=4096)
def _readable(colour: str, on: str, towards: str, least: float) -> str:
    ink, paper, end = QColor(colour), QColor(on), QColor(towards)
    for _ in range(40):
        # The name is what is drawn: rounding must not undo the last step.
        if contrast(QColor(ink.name()), paper) >= least:
            break
        ink = mix(ink, end, 0.1)
    return ink.name()


@cache
def _made(family: str, px: float, weight: int) -> QFont:
    font = QFont(family)
    set_size(font, px)
    font.setWeight(QFont.Weight(weight))
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def set_size(font: QFont, px: float) -> None:
    """Give a font a size in logical pixels, which need not be whole."""
    if px == round(px):
        font.setPixelSize(max(1, round(px)))
    else:
        font.setPointSizeF(max(1.0, px) * 72 / QGuiApplication.primaryScreen().logicalDotsPerInchY())


def mix(a: QColor, b: QColor, share: float) -> QColor:
    """Return `a` moved by `share` (0..1) towards `b`."""
    return QColor.fromRgbF(
        a.redF() + (b.redF() - a.redF()) * share,
        a.greenF() + (b.greenF() - a.greenF()) * share,
        a.blueF() + (b.blueF() - a.blueF()) * share,
    )


def contrast(a: QColor, b: QColor) -> float:
    """Return the contrast ratio of two colours, 1..21 (WCAG 2.1)."""

    def luminance(colour: QColor) -> float:
        parts = (
            value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4
            for value in (colour.redF(), colour.greenF(), colour.blueF())
        )
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))

    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _theme(name: str, column: int) -> Theme:
    values: dict[str, Any] = {token: pair[column] for token, pair in TOKENS.items()}
    return Theme(name=name, channels=CHANNELS[name], **values)


DARK: Final = _theme("dark", 0)
LIGHT: Final = _theme("light", 1)
THEMES: Final[dict[str, Theme]] = {"dark": DARK, "light": LIGHT}


@cache
def load_fonts() -> tuple[str, ...]:
    """Register every font of `assets/fonts` with Qt and return the families that came (Qt main thread, once).

    Without a file the platform's own font stands in; a bare Debian has none, so the files are part of the package.
    """
    families: list[str] = []
    folder = asset("fonts")
    for path in sorted(folder.glob("*.ttf")) if folder.is_dir() else ():
        handle = QFontDatabase.addApplicationFont(str(path))
        if handle >= 0:
            families.extend(QFontDatabase.applicationFontFamilies(handle))
    return tuple(dict.fromkeys(families))


def palette_of(theme: Theme) -> QPalette:
    """Return the Qt palette of a theme, for what the stylesheet does not reach."""
    role = QPalette.ColorRole
    colours = {
        role.Window: theme.background,
        role.WindowText: theme.text,
        role.Base: theme.well,
        role.AlternateBase: theme.raised,
        role.Text: theme.text,
        role.PlaceholderText: theme.text_muted,
        role.Button: theme.control,
        role.ButtonText: theme.text,
        role.BrightText: theme.bad,
        role.Highlight: theme.accent,
        role.HighlightedText: theme.on_accent,
        role.Link: theme.accent_text,
        role.ToolTipBase: theme.raised,
        role.ToolTipText: theme.text,
    }
    palette = QPalette()
    for which, colour in colours.items():
        palette.setColor(which, QColor(colour))
    for which in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, QColor(theme.text_faint))
    return palette
