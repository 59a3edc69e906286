"""The figures of a report: matplotlib draws them as SVG, the page they stand in gives them its colours and its type."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from html import escape
from io import StringIO
from itertools import pairwise
from typing import Any

import numpy as np

from dgstudio.session.export.atomic_write import needed
from dgstudio.session.export.report_data import MAY_MOVE, ClassStory, Story
from dgstudio.types import F32, PublishRecord, RecordKind

WIDTH = 9.6
"""Inches of a figure; the page scales it to its own width."""
INK, MUTED, GRID, ACCENT, GOOD, BAD, WARNING = (f"#01020{i}" for i in range(1, 8))
"""Stand-ins, drawn with here and replaced by variables of the page, so that a figure follows dark and light."""
VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    GRID: "grid",
    ACCENT: "accent",
    GOOD: "good",
    BAD: "bad",
    WARNING: "warning",
}
LINE_POINTS = 1500
"""Points of a line, at most; more would only make the file large."""
MARKS = 300
"""Markers of one kind, at most."""
FELL_BACK_S = 120.0
"""A take that begins so much before the one before it was labelled in another run: stream time began anew."""
KIND_MARKS = {
    RecordKind.CLASS_ADDED: ("^", INK),
    RecordKind.CLASS_REMOVED: ("v", INK),
    RecordKind.PROTECTED: ("D", GOOD),
    RecordKind.BANK_SEALED: ("s", GOOD),
    RecordKind.RELEASED: ("d", WARNING),
    RecordKind.ROLLED_BACK: ("<", WARNING),
    RecordKind.REBUILT: ("P", ACCENT),
    RecordKind.CONSOLIDATED: ("*", ACCENT),
    RecordKind.REJECTED: ("x", BAD),
}
"""Kind of version → marker and colour; shape tells them apart without colour."""
THUMB_WIDTH, THUMB_HEIGHT, THUMB_POINTS = 108, 44, 54


def takes_figure(story: Story) -> str:
    """When each class was labelled: a lane for each class, a bar for each take."""
    shown = [entry for entry in story.classes if entry.takes]
    starts = [take.start for take in story.takes]
    by_time = all(b > a - FELL_BACK_S for a, b in pairwise(starts)) and all(np.isfinite(starts))

    def draw(axes: Any) -> None:
        for lane, entry in enumerate(shown):
            mine = [(n, take) for n, take in enumerate(story.takes) if take.class_id == entry.info.id]
            bars = [(t.start, max(t.end - t.start, 0.0)) if by_time else (n + 0.6, 0.8) for n, t in mine]
            axes.broken_barh(
                bars, (len(shown) - 1 - lane - 0.3, 0.6), facecolor=entry.info.colour, edgecolor=MUTED, linewidth=0.6
            )
        names = [_short(entry.info.name) for entry in shown]
        axes.set_yticks(range(len(shown)), names[::-1])
        axes.set_ylim(-0.6, len(shown) - 0.4)
        axes.set_xlabel("stream time, seconds" if by_time else "takes, in the order in which they were labelled")
        axes.grid(axis="x")

    return _svg(draw, "takes", "Takes of each class over time", 0.75 + 0.32 * len(shown))


def learning_figure(story: Story) -> str:
    """How many examples were in the learning bank at each version, and a mark at each that is more than learning."""
    records = story.records

    def draw(axes: Any) -> None:
        x, y = _thinned(np.arange(len(records)), np.asarray([record.examples for record in records]))
        axes.plot(x, y, drawstyle="steps-post", color=ACCENT, linewidth=1.6, label="examples in the learning bank")
        for kind, (marker, colour) in KIND_MARKS.items():
            at = [n for n, record in enumerate(records) if record.kind == kind][:MARKS]
            if at:
                heights = [records[n].examples for n in at]
                axes.plot(at, heights, marker, color=colour, markersize=7, label=kind, linestyle="none", clip_on=False)
        axes.set_xlabel("publishes and rejections, in order")
        axes.set_ylabel("examples")
        axes.set_ylim(bottom=0)
        axes.set_xlim(0, max(1, len(records) - 1))
        axes.grid()
        _legend(axes)

    return _svg(draw, "learning", "Examples in the learning bank at each version, and what the versions were", 2.9)


def stability_figure(story: Story) -> str:
    """How many inputs were protected at each publish, and where any of their logits changed."""
    records = [record for record in story.records if record.version is not None or record.kind == RecordKind.REJECTED]

    def draw(axes: Any) -> None:
        places, protected = np.arange(len(records)), np.asarray([record.protected for record in records])
        x, y = _thinned(places, protected)
        axes.fill_between(x, y, step="post", color=GOOD, alpha=0.18, linewidth=0)
        axes.plot(x, y, drawstyle="steps-post", color=GOOD, linewidth=1.6, label="protected inputs")
        for label, kinds, marker, colour in (
            ("bits changed by the learner", _by_learner, "X", BAD),
            ("bits changed by the user's own act", _by_user, "o", WARNING),
            ("proposal rejected", _rejected, "x", MUTED),
        ):
            at = [n for n, record in enumerate(records) if kinds(record)][:MARKS]
            if at:
                axes.plot(at, [records[n].protected for n in at], marker, color=colour, label=label, clip_on=False)
        axes.set_xlabel("publishes and rejections, in order")
        axes.set_ylabel("inputs")
        axes.set_ylim(0, max(1.0, 1.15 * float(protected.max(initial=0))))
        axes.set_xlim(0, max(1, len(records) - 1))
        axes.grid()
        _legend(axes)

    return _svg(draw, "stability", "Protected inputs at each publish, and where a logit of them changed", 2.5)


def accuracy_figure(story: Story) -> str:
    """Share of right answers of each take, and of all so far."""
    scores = story.scores.takes
    colours = {entry.info.id: entry.info.colour for entry in story.classes}

    def draw(axes: Any) -> None:
        x = np.arange(1, len(scores) + 1)
        shares = [score.right / score.seen for score in scores]
        faces = [colours.get(score.take.class_id, MUTED) for score in scores]
        axes.vlines(x, 0, shares, color=GRID, linewidth=1)
        axes.scatter(x, shares, c=faces, edgecolors=INK, linewidths=0.7, s=46, zorder=3, clip_on=False)
        so_far = np.cumsum([score.right for score in scores]) / np.cumsum([score.seen for score in scores])
        axes.plot(x, so_far, color=ACCENT, linewidth=1.6, label="all examples so far", zorder=2)
        axes.set_xlabel("scored takes, in order; each dot a take in the colour of its class")
        axes.set_ylabel("right")
        axes.set_ylim(0, 1.0)
        axes.set_xlim(0.5, len(scores) + 0.5)
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
        if len(scores) <= 20:
            axes.set_xticks(x)
        axes.grid(axis="y")
        _legend(axes)

    return _svg(draw, "accuracy", "Share of right answers of each take before it was learned", 2.5)


def thumbnails(entry: ClassStory, low: F32, high: F32) -> Iterator[str]:
    """Small pictures of windows of a class, one line a channel; `low`, `high` (channels,) are what spans the height."""
    span = np.where(high > low, high - low, 1.0)
    for window in entry.windows:
        rows = np.linspace(0, len(window) - 1, min(len(window), THUMB_POINTS)).astype(int)
        values = np.nan_to_num((window[rows] - low) / span, nan=0.5).clip(0, 1)
        x = np.linspace(1, THUMB_WIDTH - 1, len(rows))
        lines = []
        for channel in range(values.shape[1]):
            y = 2 + (1 - values[:, channel]) * (THUMB_HEIGHT - 4)
            points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
            lines.append(f'<polyline class="c{channel % 8}" points="{points}"/>')
        label = escape(f"A window of {entry.info.name}", quote=True)
        yield (
            f'<svg class="thumb" viewBox="0 0 {THUMB_WIDTH} {THUMB_HEIGHT}" role="img" aria-label="{label}">'
            f"{''.join(lines)}</svg>"
        )


def _by_learner(record: PublishRecord) -> bool:
    return record.bits_changed > 0 and record.kind not in MAY_MOVE


def _by_user(record: PublishRecord) -> bool:
    return record.bits_changed > 0 and record.kind in MAY_MOVE


def _rejected(record: PublishRecord) -> bool:
    return record.kind == RecordKind.REJECTED


def _thinned(x: Any, y: Any) -> tuple[Any, Any]:
    """At most `LINE_POINTS` of the points, the last one among them."""
    kept = np.unique(np.linspace(0, len(x) - 1, min(len(x), LINE_POINTS)).astype(int))
    return x[kept], y[kept]


def _short(name: str) -> str:
    return name if len(name) <= 22 else f"{name[:21]}…"


def _legend(axes: Any) -> None:
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=5, frameon=False, labelcolor=INK, borderaxespad=0.2)


def _svg(draw: Callable[[Any], None], name: str, label: str, height: float) -> str:
    """One figure as an SVG element; `name` is put before its ids, so that several can stand in one page."""
    matplotlib = needed("matplotlib")
    backend, figures = needed("matplotlib.backends.backend_svg"), needed("matplotlib.figure")
    look = {
        # Text as text: the page's own type, found by a search, and names of any script.
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        # A class may be called $x$.
        "text.parse_math": False,
        "font.size": 9,
        "text.color": INK,
        "axes.edgecolor": MUTED,
        "axes.labelcolor": MUTED,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.unicode_minus": False,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "grid.color": GRID,
        "grid.linewidth": 0.7,
        "legend.fontsize": 9,
    }
    written = StringIO()
    with matplotlib.rc_context(look), warnings.catch_warnings():
        # The font that only measures the text need not have every sign of a name.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = figures.Figure(figsize=(WIDTH, height), layout="constrained")
        backend.FigureCanvasSVG(figure)
        figure.patch.set_visible(False)
        axes = figure.subplots()
        axes.patch.set_visible(False)
        draw(axes)
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    return _embedded(written.getvalue(), name, label)


def _embedded(text: str, name: str, label: str) -> str:
    """The SVG element alone, its ids its own, its colours the page's. What is not in a tag, a name, stays as it is."""
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    box = re.search(r'viewBox="[^"]*"', text)
    body = re.sub(r"<[^>]*>", lambda tag: _of_page(tag.group(0), name), text[text.index(">") + 1 :])
    head = f'<svg class="figure" role="img" aria-label="{escape(label, quote=True)}"'
    return f"{head} {box.group(0) if box else ''}>{body}"


def _of_page(tag: str, name: str) -> str:
    tag = re.sub(r'\bid="', f'id="{name}-', tag)
    tag = re.sub(r'(href="#|url\(#)', rf"\g<1>{name}-", tag)
    for stand_in, variable in VARIABLES.items():
        tag = tag.replace(stand_in, f"var(--{variable})")
    return tag


def spans(classes: Sequence[ClassStory]) -> tuple[F32, F32]:
    """The 1 % and 99 % quantiles of each channel over all windows that are shown, so that thumbnails compare."""
    windows = [window for entry in classes for window in entry.windows]
    channels = {window.shape[1] for window in windows}
    if len(channels) != 1:
        return np.zeros(1, np.float32), np.ones(1, np.float32)
    every = np.concatenate(windows)
    low, high = np.nanquantile(every, (0.01, 0.99), axis=0)
    return low.astype(np.float32), high.astype(np.float32)
