"""What `dgstudio bench` measures, by its options: one bench at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dgstudio.errors import BadInputError
from dgstudio.records import dataclass

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """The options of the command: of the benches that are named at most one, else the plain one.

    `seconds` None: as long as each takes by default. `share`: how much of the faults.
    """

    window: bool = True
    seconds: float | None = None
    label_rate: float | None = None
    labels: bool = False
    recorded: bool = False
    loaded: bool = False
    soak: bool = False
    faults: bool = False
    kills: int = 200
    share: float = 1.0
    views: bool = False
    stage: bool = False
    streams: bool = False

    def check(self) -> None:
        """Refuse options that make no sense together; raises BadInputError."""
        others = self.loaded or self.label_rate is not None
        if self.labels and others:
            raise BadInputError("--labels goes with --kills, --seconds and --json only: keys are held in it.")
        if self.recorded and (self.labels or others):
            raise BadInputError("--recorded goes with --seconds and --json only: it holds keys 20 % of the time.")
        if self.faults and (self.labels or self.recorded or others or self.seconds is not None):
            raise BadInputError("--faults goes with --share and --json only.")
        if self.soak and (self.labels or self.recorded or self.faults or others or not self.window):
            raise BadInputError("--soak goes with --seconds and --json only: it is about the window.")
        if self.views and (self.labels or self.recorded or self.faults or self.soak or others or not self.window):
            raise BadInputError("--views goes with --seconds and --json only: it is about the window.")
        apart = self.labels or self.recorded or self.faults or self.soak or self.views or others
        if self.stage and (apart or not self.window):
            raise BadInputError("--stage goes with --seconds and --json only: it is about the window.")
        if self.streams and (apart or self.stage or not self.window):
            raise BadInputError("--streams goes with --seconds and --json only.")
        if self.labels and not self.window:
            raise BadInputError("Labelling is measured in a window: leave out --no-window; it needs no display.")

    @property
    def windowed(self) -> bool:
        """Whether this process shows a window."""
        return self.window and not self.recorded and not self.faults and not self.streams


def measured(options: BenchOptions, say: Say) -> dict[str, Any]:
    """The figures of the bench that was asked for, as nested dictionaries; `say` is told what begins."""
    if options.faults:
        from dgstudio.bench.faults.run import HowMany, run_fault_bench
        from dgstudio.bench.kills.crash_actor import start_doomed

        return run_fault_bench(HowMany().share(options.share), start_doomed, say)
    if options.soak:
        return _soak(options, say)
    if options.views:
        return _views(options, say)
    if options.stage:
        return _stage(options, say)
    if options.streams:
        from dgstudio.bench.streams.stream_bench import run_stream_bench

        return run_stream_bench(60.0 if options.seconds is None else options.seconds, say)
    if options.recorded:
        from dgstudio.bench.recorded_growth import run_recorded_growth

        return run_recorded_growth(120.0 if options.seconds is None else options.seconds, say)
    if options.labels:
        from dgstudio.bench.kills.crash_actor import start_doomed
        from dgstudio.bench.labelling.label_bench import WindowParts, run_label_bench
        from dgstudio.bench.labelling.label_latency import run_labels

        parts = WindowParts(run_labels, start_doomed)
        return run_label_bench(60.0 if options.seconds is None else options.seconds, options.kills, parts, say)
    return _plain(options)


def _soak(options: BenchOptions, say: Say) -> dict[str, Any]:
    from dgstudio.bench.soak import run_soak
    from dgstudio.studio.theme.application import application

    # Kept by this name until the end.
    app = application()
    with TemporaryDirectory(prefix="dgstudio-soak-") as folder:
        figures = run_soak(Path(folder), 3600.0 if options.seconds is None else options.seconds, say)
    del app
    return figures


def _views(options: BenchOptions, say: Say) -> dict[str, Any]:
    from dgstudio.bench.views.view_bench import run_view_bench
    from dgstudio.studio.theme.application import application

    # Kept by this name until the end.
    app = application()
    figures = run_view_bench(10.0 if options.seconds is None else options.seconds, say)
    del app
    return figures


def _stage(options: BenchOptions, say: Say) -> dict[str, Any]:
    from dgstudio.bench.stage.stage_bench import run_stage_bench
    from dgstudio.studio.theme.application import application

    # Kept by this name until the end.
    app = application()
    figures = run_stage_bench(20.0 if options.seconds is None else options.seconds, say)
    del app
    return figures


def _plain(options: BenchOptions) -> dict[str, Any]:
    from dgstudio.bench.live import Drive, drive_headless, run_bench

    drive: Drive = drive_headless
    if options.window:
        from dgstudio.bench.frame_timing import drive_window

        drive = drive_window
    seconds = 70.0 if options.seconds is None else options.seconds
    return run_bench(seconds, drive, options.label_rate, window=options.window, loaded=options.loaded)
