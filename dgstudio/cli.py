"""The command line: every command exits non-zero with one sentence on bad input, never with a traceback."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from typer.core import TyperCommand, TyperGroup

from dgstudio import __version__
from dgstudio.bench.stage.command import EXAMPLE, pictures
from dgstudio.commands.desktop import open_studio, without_display
from dgstudio.commands.exits import exit_for, refuse
from dgstudio.commands.options import (
    Allowed,
    Base,
    Features,
    Inputs,
    Labels,
    Listen,
    Outs,
    QuitAfter,
    Rate,
    Screenshot,
    Seed,
    Source,
    Speed,
    Window,
    listed,
    numbers,
)
from dgstudio.commands.terminal import print_bench, print_findings, print_rows, say_dim, terminal
from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.signals import raise_ended


class Commands(TyperGroup):
    """All commands: which signal ended one is known to the end."""

    def invoke(self, ctx: Any) -> Any:
        """Run what was asked for."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            # Typer would end with 130 whatever the signal was.
            raise typer.Abort from error


app = typer.Typer(cls=Commands, add_completion=False, no_args_is_help=False, pretty_exceptions_enable=False)


def _version(wanted: bool) -> None:
    if wanted:
        terminal().print(f"dgstudio {__version__}", highlight=False)
        raise typer.Exit


@app.callback(invoke_without_command=True, epilog="Example: dgstudio --source basic_motions --speed 10")
def studio(
    context: typer.Context,
    source: Source = None,
    rate: Rate = None,
    speed: Speed = 1.0,
    labels_column: Labels = None,
    base: Base = "auto",
    seed: Seed = 0,
    window_s: Window = None,
    inputs: Inputs = None,
    features: Features = None,
    listen: Listen = None,
    allowed: Allowed = None,
    outs: Outs = None,
    session: Annotated[
        Path | None, typer.Option("--session", help="Session file to make or go on with; else a new one.")
    ] = None,
    memory: Annotated[bool, typer.Option("--no-session", help="Keep nothing on disk.")] = False,
    present: Annotated[bool, typer.Option("--present", help="Begin in presentation mode.")] = False,
    quit_after: QuitAfter = None,
    screenshot: Screenshot = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """A live studio for the DynamicGate MLP: it learns while it answers, and proves what it left alone.

    Without a command it opens the studio on the simulator, running.
    """
    if context.invoked_subcommand is None:
        _open_studio(
            source=source,
            rate=rate,
            speed=speed,
            labels_column=labels_column,
            base=base,
            seed=seed,
            window_s=window_s,
            inputs=inputs,
            features=features,
            listen=listen,
            allowed=tuple(allowed or ()),
            outs=tuple(outs or ()),
            session=session,
            keep=not memory,
            presentation=present,
            quit_after=quit_after,
            screenshot=screenshot,
        )


@app.command("open", epilog="Example: dgstudio open gestures.dgs")
def open_session(
    session: Annotated[Path, typer.Argument(help="A session file (.dgs); one of the data folder by its name.")],
    source: Source = None,
    quit_after: QuitAfter = None,
    screenshot: Screenshot = None,
) -> None:
    """Open a saved session: its classes, examples and versions, on the stream that it was made with."""
    from dgstudio.session.storage.location import found_session

    _open_studio(source=source, session=found_session(session), quit_after=quit_after, screenshot=screenshot)


@app.command("watch", epilog="Example: dgstudio watch station.dgs")
def watch_session(
    session: Annotated[Path, typer.Argument(help="The session file (.dgs) of a station, or of another window.")],
    listen: Annotated[
        str | None,
        typer.Option(
            "--osc",
            help="Where the station's --out osc goes: its answers and log are heard at once.",
            metavar="ADDRESS",
        ),
    ] = None,
    allowed: Allowed = None,
    quit_after: QuitAfter = None,
    screenshot: Screenshot = None,
) -> None:
    """Follow a session while another program writes it: its answers, labels, versions and log; nothing is changed."""
    from dgstudio.session.storage.location import found_session

    watched = found_session(session)
    heard: dict[str, Any] = {"listen": listen, "allowed": tuple(allowed or ())}
    _open_studio(session=watched, watch=True, quit_after=quit_after, screenshot=screenshot, **heard)


@app.command("demo", epilog="Example: dgstudio demo haywire --unattended --report out")
def play_demo(
    name: Annotated[
        str, typer.Argument(help="One of those that --list lists, or a TOML file of your own.")
    ] = "haywire",
    unattended: Annotated[bool, typer.Option("--unattended", help="Play it by itself, check each claim.")] = False,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write pictures, figures and a page to this folder.", metavar="DIR")
    ] = None,
    moving: Annotated[
        Path | None, typer.Option("--moving", help="Write a moving picture of it, .webp or .gif.", metavar="FILE")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the demos that ship.")] = False,
) -> None:
    """Play a guided demo: the real program by its own actions, with captions.

    F7 pauses it, F8 goes step by step, F9 skips, Esc leaves.

    With --unattended the exit status is 0 where every caption was true, 1 where one was not, 2 where a script is wrong.
    """
    from dgstudio.commands.demo import (
        BAD_SCRIPT,
        BadScriptError,
        list_demos,
        play_unattended,
        script_named,
        studio_options,
    )

    if listed:
        list_demos(terminal())
        return
    for option, wanted in (("--report", report), ("--moving", moving)):
        if wanted is not None and not unattended:
            raise BadInputError(f"{option} goes with --unattended: nobody is asked anything then.")
    if moving is not None and (moving.suffix.lower() not in (".webp", ".gif") or not moving.absolute().parent.is_dir()):
        raise BadInputError(f"Cannot write {moving}: name a .webp or .gif file in a folder that exists.")
    try:
        script = script_named(name)
    except BadScriptError as error:
        refuse(str(error), BAD_SCRIPT)
    if not unattended:
        _open_studio(**studio_options(script))
        return
    if without_display():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from dgstudio.guard.terminal import PlainConsole

    status = play_unattended(script, terminal(), PlainConsole(stderr=True), report, moving)
    if status:
        raise typer.Exit(status)


@app.command(
    epilog="Example: dgstudio run --source basic_motions --labels-column label --speed 10 --out jsonl:out.jsonl"
)
def run(
    station: Annotated[
        Path | None, typer.Argument(help="A session to go on with; made where it is not there.", metavar="[SESSION]")
    ] = None,
    source: Source = None,
    outs: Outs = None,
    learn: Annotated[
        bool, typer.Option("--learn", help="Let other programs label: OSC messages as Wekinator takes them.")
    ] = False,
    jsonl: Annotated[Path | None, typer.Option("--jsonl", help="The same as --out jsonl:FILE.")] = None,
    rate: Rate = None,
    speed: Speed = 1.0,
    duration: Annotated[float | None, typer.Option("--duration", help="Stop after so many seconds.")] = None,
    labels_column: Labels = None,
    label_delay: Annotated[
        float, typer.Option("--label-delay", help="Seconds by which a label comes after its answer.")
    ] = 0.0,
    session: Annotated[Path | None, typer.Option("--session", help="Keep all in this new file.")] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Record the raw stream in it, to be replayed and audited.")
    ] = False,
    base: Base = "auto",
    seed: Seed = 0,
    window_s: Window = None,
    inputs: Inputs = None,
    features: Features = None,
    listen: Listen = None,
    allowed: Allowed = None,
) -> None:
    """Run the engine without a window: live figures, answers to others, labels from a file to the learner.

    With --labels-column every answer is scored before its label is learned (prequential accuracy).
    """
    from dgstudio.commands.run import RunOptions
    from dgstudio.commands.run import run as run_engine

    run_engine(
        RunOptions(
            source=source,
            station=station,
            outs=tuple(outs or ()),
            jsonl=jsonl,
            rate=rate,
            speed=speed,
            duration=duration,
            labels_column=labels_column,
            label_delay=label_delay,
            session=session,
            record=record,
            base=base,
            seed=seed,
            learn=learn,
            window_s=window_s,
            inputs=inputs,
            features=features,
            listen=listen,
            allowed=tuple(allowed or ()),
        ),
        terminal(),
    )


@app.command(epilog="Example: dgstudio bench --seconds 60 --json bench.json")
def bench(
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures as JSON.")] = None,
    window: Annotated[bool, typer.Option("--window/--no-window", help="With the window drawn, or without.")] = True,
    seconds: Annotated[
        float | None, typer.Option("--seconds", help="Length of the live part; 70, with --labels 60, --recorded 120.")
    ] = None,
    label_rate: Annotated[
        float | None,
        typer.Option("--label-rate", help="Examples learned a second, all kept; default: 20, at most 200 held."),
    ] = None,
    labels: Annotated[
        bool, typer.Option("--labels", help="Measure labelling instead: keys, browser and undo in a long session.")
    ] = False,
    recorded: Annotated[
        bool, typer.Option("--recorded", help="Measure instead how a recorded session grows, labels 20 % of the time.")
    ] = False,
    loaded: Annotated[
        bool, typer.Option("--loaded", help="The same load with every core kept busy by another process.")
    ] = False,
    kills: Annotated[int, typer.Option("--kills", help="With --labels: how many windows are killed.")] = 200,
    faults: Annotated[
        bool, typer.Option("--faults", help="Damage files, break what a running studio stands on, kill it.")
    ] = False,
    soak: Annotated[
        bool, typer.Option("--soak", help="Work in a window without a pause and see whether it grows; 3,600 s.")
    ] = False,
    share: Annotated[float, typer.Option("--share", help="With --faults: a part of it, as in 0.01.")] = 1.0,
    views: Annotated[
        bool, typer.Option("--views", help="Measure how quickly the views that explain follow the hand.")
    ] = False,
    stage: Annotated[
        bool, typer.Option("--stage", help="Measure presentations, twins and demos, and look for what is clipped.")
    ] = False,
    streams: Annotated[
        bool, typer.Option("--streams", help="Measure what comes from and goes to other programs and devices.")
    ] = False,
) -> None:
    """Measure speed on this machine, with serving, learner and window at work together.

    With --loaded: the same load while other processes keep every core busy.
    With --labels: from a key to what is saved and seen, in a session of 50,000 examples, and what kill -9 leaves.
    With --recorded: how fast a session grows while its stream is recorded, without a window.
    With --soak: whether memory, threads, files or widgets grow while everything is used and sessions are switched.
    With --views: the timeline of 10,000 versions, and what else explains an answer, while they are moved.
    With --streams: OSC to a station and back, whether it grows, whether a recording plays as it was; 13 minutes.
    With --stage: a presentation of 2560 x 1440, what a twin costs, whether captions are true, what is clipped.
    With --faults: what comes of 20,000 damaged sessions, 100,000 damaged tables, signals, kills: about two hours.
    Without a display, the window is drawn on a virtual X server where Xvfb is installed, else off screen.
    """
    from dgstudio.bench.command import BenchOptions, measured
    from dgstudio.bench.report import write_json

    if json_file is not None and (json_file.is_dir() or not json_file.absolute().parent.is_dir()):
        raise BadInputError(f"Cannot write {json_file}: name a file in a folder that exists.")
    options = BenchOptions(
        window, seconds, label_rate, labels, recorded, loaded, soak, faults, kills, share, views, stage, streams
    )
    options.check()
    screen = _screen_for_bench(large=stage) if options.windowed else ""
    figures = measured(options, say_dim)
    if options.windowed:
        from PySide6.QtGui import QGuiApplication

        figures.setdefault("window", {})["platform"] = " on ".join(
            filter(None, (QGuiApplication.platformName(), screen))
        )
    print_bench(figures)
    if json_file is not None:
        write_json(figures, json_file)
        terminal().print(f"Figures: {json_file}", highlight=False, markup=False)


@app.command(epilog="Example: dgstudio proof --out out")
def proof(
    out: Annotated[Path, typer.Option("--out", help="Folder for the figures and the screenshot.")] = Path("out"),
) -> None:
    """Do the proof run: a real recording, real key events in the real window, and figures that anyone can check."""
    if without_display():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from dgstudio.bench.proof import ProofRun, table_of, write_json
    from dgstudio.session.file import Session

    picture = out / "studio.png"
    session = Session.create(out / "proof.dgs", overwrite=True)
    figures = ProofRun(session).run(lambda text: terminal().print(f"  {text}", highlight=False), picture)
    print_rows("proof run", list(table_of(figures)))
    write_json(figures, out / "proof.json")
    terminal().print(f"Figures: {out / 'proof.json'} · picture: {picture}", highlight=False)
    if not figures.passed:
        raise DgstudioError("The proof run did not show what it promises: see the figures above.")


app.command(epilog=EXAMPLE)(pictures)


class ExperimentCommand(TyperCommand):
    """Its help lists the experiments: they are imported for that only."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help, with each experiment and what it shows."""
        from dgstudio.lab.experiments import experiment_summaries

        summaries = experiment_summaries()
        lines = "\n".join(f"{name}: {summary}" for name, summary in summaries.items())
        # Typer's mark for lines that stay as they are.
        self.help = f"{EXPERIMENT_HELP}\n\n\b\n{lines}"
        super().format_help(ctx, formatter)


EXPERIMENT_HELP = """Run a measured comparison, reproducible from seeds: a table, and on demand JSON and a plot.

Each finished run is kept at once: what interrupts it leaves them, and --resume goes on from there."""


@app.command(
    cls=ExperimentCommand,
    help=EXPERIMENT_HELP,
    epilog="Example: dgstudio experiment adapt --data digits --methods ours,replay --json adapt.json",
)
def experiment(
    name: Annotated[str, typer.Argument(help="Which one; they are listed above.", metavar="NAME")],
    seeds: Annotated[int | None, typer.Option("--seeds", help="How many seeds; most use 5.", metavar="N")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Within a minute: fewer seeds and labels.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all figures as JSON.")] = None,
    plot_file: Annotated[Path | None, typer.Option("--plot", help="Draw them: a PNG, SVG or PDF file.")] = None,
    data: Annotated[
        str | None, typer.Option("--data", help="digits, basicmotions, strokes, or a file that the experiment reads.")
    ] = None,
    base_classes: Annotated[
        str | None, typer.Option("--base-classes", help="Classes to begin with, as in 0,1,2.", metavar="LIST")
    ] = None,
    new_classes: Annotated[
        str | None, typer.Option("--new-classes", help="Classes to add, as in 3.", metavar="LIST")
    ] = None,
    labels: Annotated[
        str | None, typer.Option("--labels-per-class", help="Labels a class, as in 1,5,20,100.", metavar="LIST")
    ] = None,
    protected: Annotated[
        int | None, typer.Option("--protected", help="Inputs whose answers must not move.", metavar="N")
    ] = None,
    methods: Annotated[
        str | None, typer.Option("--methods", help="What to compare, as in ours,replay; else all.", metavar="LIST")
    ] = None,
    split: Annotated[
        str | None, typer.Option("--split", help="What is scored: test, or valid, which settings are chosen on.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the runs that an interrupted one with the same options left.")
    ] = False,
) -> None:
    """Run a measured comparison; see `EXPERIMENT_HELP`."""
    from dgstudio.commands.experiment import run_experiment
    from dgstudio.guard.terminal import PlainConsole
    from dgstudio.lab.experiment import Options

    options = Options(
        seeds=seeds,
        quick=quick,
        data=data,
        base_classes=listed(base_classes),
        new_classes=listed(new_classes),
        labels_per_class=numbers("--labels-per-class", labels),
        protected=protected,
        methods=listed(methods),
        split=cast("Any", split),
    )
    errors = PlainConsole(stderr=True)
    run_experiment(name, options, terminal(), errors, json_file=json_file, plot_file=plot_file, resume=resume)


@app.command(epilog="Example: dgstudio export gestures.dgs --model gestures.onnx --examples gestures.npz")
def export(
    session: Annotated[Path, typer.Argument(help="A session file (.dgs).")],
    examples: Annotated[
        Path | None, typer.Option("--examples", help="Write the labelled examples: a CSV or NPZ file.")
    ] = None,
    model: Annotated[Path | None, typer.Option("--model", help="Write the model: an ONNX or safetensors file.")] = None,
    version: Annotated[
        int | None, typer.Option("--version", help="Which version of the model; else the newest.", metavar="N")
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write the story of the session: one HTML file.")
    ] = None,
    recording: Annotated[
        Path | None,
        typer.Option("--recording", help="Write a copy whose recorded answers audit on any machine: a DGS file."),
    ] = None,
    stream: Annotated[
        Path | None, typer.Option("--stream", help="Write the recorded stream, to be played as a source: an NPZ file.")
    ] = None,
    figures: Annotated[
        Path | None,
        typer.Option("--figures", help="Write what each publish, take, class and compared model came to: a CSV file."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there already.")] = False,
) -> None:
    """Take along what a session holds: examples, model, report, figures, its stream, or all for another machine.

    An ONNX model is compared with dgstudio's own answers before it is kept; a card beside each model says what it is.
    """
    from dgstudio.session.export.request import ExportRequest

    request = ExportRequest(session, examples, model, version, report, recording, overwrite, stream, figures)
    request.run(lambda text: terminal().print(text, highlight=False, markup=False, soft_wrap=True))


@app.command("import", epilog="Example: dgstudio import gestures.dgs walk.csv --labels-column activity")
def import_file(
    session: Annotated[Path, typer.Argument(help="The session file (.dgs) that gets the examples.")],
    file: Annotated[Path, typer.Argument(help="A CSV, NPZ or ARFF file, or another session.")],
    labels_column: Annotated[
        str | None, typer.Option("--labels-column", help="Column that holds the labels; else guessed.", metavar="NAME")
    ] = None,
    time_column: Annotated[
        str | None, typer.Option("--time-column", help="Column that holds the times; else guessed.", metavar="NAME")
    ] = None,
    rate: Annotated[
        float | None, typer.Option("--rate", help="Samples a second where there are no times; else the stream's.")
    ] = None,
    features: Annotated[bool, typer.Option("--features", help="Each row is an example, not a sample.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would come, and change nothing.")] = False,
) -> None:
    """Import labelled data into a session: samples, from which windows are cut, or examples with their features.

    It is one act of the session's history, which Ctrl+Z in the studio takes back; the model learns it when the session
    is opened there.
    """
    from dgstudio.commands.importing import run_import

    run_import(
        session,
        file,
        terminal(),
        label=labels_column,
        time=time_column,
        rate=rate,
        features=features,
        only_plan=dry_run,
    )


@app.command(epilog="Example: dgstudio replay gestures.dgs --audit")
def replay(
    session: Annotated[Path, typer.Argument(help="A session file (.dgs) with a recording.")],
    audit: Annotated[
        bool, typer.Option("--audit", help="Let the exit status tell: 1 an answer differs, 2 made by another kernel.")
    ] = False,
    relearn: Annotated[
        bool, typer.Option("--relearn", help="Learn every stored version again and compare its digest.")
    ] = False,
    speed: Annotated[float, typer.Option("--speed", help="Stream seconds a second; 0 is as fast as possible.")] = 0.0,
    until: Annotated[
        float | None, typer.Option("--until", help="End after so many seconds of the recording.", metavar="SECONDS")
    ] = None,
    jsonl: Annotated[
        str | None, typer.Option("--jsonl", help="Write one JSON line for each answer; - is the terminal.")
    ] = None,
) -> None:
    """Replay a recorded session without a window: answer it again with the stored versions, compare bit for bit.

    Features come from the recorded samples. The first answer that is not the recorded one is named: when, which hop,
    which version, which logit, both values.
    """
    from dgstudio.commands.replay import ReplayOptions
    from dgstudio.commands.replay import replay as replay_session

    options = ReplayOptions(session, audit=audit, relearn=relearn, speed=speed, until=until, jsonl=jsonl)
    status = replay_session(options, terminal())
    if status:
        raise typer.Exit(status)


@app.command(epilog="Example: dgstudio check gestures.dgs --rescue gestures-rescued.dgs")
def check(
    session: Annotated[Path, typer.Argument(help="A session file (.dgs); it is only read.")],
    rescue: Annotated[
        Path | None, typer.Option("--rescue", help="Write everything that is sound into a new session.", metavar="NEW")
    ] = None,
) -> None:
    """Look at everything in a session file and name what is damaged: pages, schema, rows, arrays, versions, recordings.

    The exit status is 0 where all is as it was written, 1 where something is damaged, 2 where nothing can be read.
    """
    from rich.console import Console

    from dgstudio.commands.checking import run_check

    status = run_check(session, terminal(), Console(stderr=True), rescue)
    if status:
        raise typer.Exit(status)


@app.command(epilog="Example: dgstudio doctor")
def doctor() -> None:
    """Check this machine: Python, libraries, Qt and its platform, fonts, base models, folders; say what to install."""
    from dgstudio.commands.doctor import examine

    findings = examine()
    print_findings(findings)
    bad = [finding for finding in findings if finding.level == "bad"]
    if bad:
        raise DgstudioError(f"{len(bad)} of {len(findings)} checks failed; the lines marked ✗ say what to do.")


def _screen_for_bench(*, large: bool) -> str:
    """See to it that there is something to draw a window on; what it is called beside Qt's word for it, if need be."""
    if not without_display():
        return ""
    from dgstudio.bench.surroundings import LARGE_SCREEN, SCREEN, virtual_screen

    lacking = virtual_screen(LARGE_SCREEN if large else SCREEN)
    if not lacking:
        return "a virtual X server"
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    terminal().print(f"[dim]No display, and {lacking}: the window is drawn off screen.[/]", highlight=False)
    return ""


def _open_studio(**options: Any) -> None:
    status = open_studio(**options)
    if status:
        raise typer.Exit(status)


def main() -> None:
    """Run the command line."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    restore = raise_ended()
    try:
        status = app(arguments, standalone_mode=False)
    except (typer.Abort, Exception, KeyboardInterrupt) as error:
        exit_for(error, debug=len(arguments) < len(sys.argv) - 1)
    finally:
        restore()
    raise SystemExit(status if isinstance(status, int) else 0)
