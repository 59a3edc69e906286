"""What is opened in each world, one thing at a time, and put away again: layouts, panels, pages, sheets."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu

from dgstudio.bench.stage.worlds import LONG, LONG_NAME, NOTHING, PAD, RECORDED, TAUGHT, World
from dgstudio.bench.ui_script import CTRL, Hands, Script, Until, after
from dgstudio.paths import sample
from dgstudio.records import dataclass
from dgstudio.studio.bridge.inspected import AnswerSubject, BankSubject, ClassSubject, Subject, UnitSubject
from dgstudio.studio.bridge.state import Proposal, ProposalKind
from dgstudio.studio.docking.built_in import BUILT_IN
from dgstudio.studio.gating.views import View
from dgstudio.studio.packages.package_sheet import PackageSheet
from dgstudio.studio.packages.packages import TRAINING
from dgstudio.studio.window.hint_acts import MARKED
from dgstudio.studio.window.main_window import StudioWindow
from dgstudio.types import Level

Act = Callable[[StudioWindow], Script]


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Something to look at in a world: how it comes about (`show`), and how it is put away again (`leave`).

    `layout` is the arrangement that it is looked at in; `everywhere`: in each theme, at each size. What does not last
    is shown `anew` for each picture.
    """

    name: str
    world: World
    layout: str
    show: Act | None = None
    leave: Act | None = None
    everywhere: bool = False
    anew: bool = False


# -- panels ----------------------------------------------------------------------------------------------------------


def _middle(name: str, window: StudioWindow) -> Script:
    window.layout_.show_middle(name)
    if name == "quality":
        yield Until(lambda: window.layout_.quality_panel.report is not None, "the figures of quality")
    yield after(0.2)


def _gating(view: View, window: StudioWindow) -> Script:
    panel = window.layout_.gating_panel
    window.layout_.show_middle("gating")
    panel.choose(view)
    yield after(0.6)


def _gates_again(window: StudioWindow) -> Script:
    window.layout_.show_middle("gates")
    yield after(0.05)


def _inspected(subject: Subject, window: StudioWindow) -> Script:
    window.state.inspect(subject)
    yield after(0.8)


def _versions(window: StudioWindow) -> Script:
    head = window.state.head
    window.state.compared = (max(0, head - 5), head)
    yield after(1.0)


def _then(window: StudioWindow) -> Script:
    newest = window.commands.engine.lane.readings.newest
    assert newest is not None, "each world that is looked back in answers"
    window.state.look_back(newest.end - 4.0)
    yield Until(lambda: window.state.then is not None, "the moment that is looked at")
    yield after(0.2)


def _now(window: StudioWindow) -> Script:
    window.state.set_paused(False)
    yield after(0.05)


def _held(window: StudioWindow) -> Script:
    window.layout_.desk.setFocus()
    Hands(window).press(Qt.Key.Key_2)
    yield after(0.6)


def _let_go(window: StudioWindow) -> Script:
    hands, engine = Hands(window), window.commands.engine
    hands.release(Qt.Key.Key_2)
    yield after(0.3)
    # Else an earlier act would be taken back.
    yield Until(lambda: engine.store.idle and engine.learn.idle, "the take to be learned")
    hands.tap(Qt.Key.Key_Z, CTRL)
    yield after(0.3)
    window.notifier.toast.hide()


def _compared(window: StudioWindow) -> Script:
    """A twin learns beside ours from now on; a take of walking is given to both."""
    window.layout_.desk.setFocus()
    if not window.state.compare:
        Hands(window).tap(Qt.Key.Key_C)
        yield Until(lambda: bool(window.state.compare), "the twin")
        window.commands.set_knob("gesture", "walk")
        yield after(1.2)
        yield from _held(window)
        yield from _let_go(window)
    window.layout_.show_middle("compared")
    yield after(0.5)


def _presented(window: StudioWindow) -> Script:
    window.state.presentation = True
    yield Until(lambda: window.layout_.on_stage, "the stage")
    yield after(0.5)


def _compared_on_stage(window: StudioWindow) -> Script:
    yield from _compared(window)
    yield from _presented(window)


def _lost(window: StudioWindow) -> Script:
    yield from _compared(window)
    yield from _gates_again(window)


def _not_presented(window: StudioWindow) -> Script:
    window.state.presentation = False
    yield after(0.3)


def _told(window: StudioWindow) -> Script:
    text = f"Recorded 1.6 s of {LONG_NAME}: 12 examples. They are learned now, and are in the version that serves."
    window.notifier.toast.show_text(text, Level.GOOD, "Undo")
    window.notifier.banner.set_text("Not saved, going on in memory: the disk is full. Free some space, then save.")
    yield after(0.1)


def _untold(window: StudioWindow) -> Script:
    window.notifier.toast.hide()
    window.notifier.banner.set_text("")
    yield after(0.05)


# -- what is laid over -----------------------------------------------------------------------------------------------


def _sheet(name: str, window: StudioWindow) -> Script:
    getattr(window.sheets, name).open()
    yield after(0.3)


def _sheet_away(name: str, window: StudioWindow) -> Script:
    getattr(window.sheets, name).close_overlay()
    yield after(0.05)


def _examples(view: str, window: StudioWindow) -> Script:
    window.sheets.examples.open()
    window.sheets.examples.show_view(view)
    yield Until(lambda: window.state.analysis is not None, "what is known of the examples")
    yield after(0.4)


def _no_examples(window: StudioWindow) -> Script:
    window.sheets.examples.open()
    yield after(0.4)


def _import(window: StudioWindow) -> Script:
    window.sheets.importing.begin(sample("basic_motions.csv"))
    yield Until(lambda: window.state.importing is not None and window.state.importing.plan is not None, "the plan")
    yield after(0.2)


def _layout_name(window: StudioWindow) -> Script:
    window.sheets.name.ask("Save layout as", "my evening", lambda _name: None)
    yield after(0.1)


def _countdown(window: StudioWindow) -> Script:
    window.sheets.countdown.begin(window.state.classes[0].info.id)
    yield after(0.4)


def _no_countdown(window: StudioWindow) -> Script:
    window.sheets.countdown.stop()
    yield after(0.05)


def _proposal(window: StudioWindow) -> Script:
    figures = (
        ("accuracy on your takes", ".93", ".97"),
        ("accuracy on what was set aside", ".90", ".95"),
        ("protected answers that would move", "–", "12 of 400"),
        ("multiply–accumulates an answer", "21,000", "24,000"),
    )
    words = (
        "It was trained on the examples of the present base and on all that was labelled here.",
        f"Answers to 12 protected inputs would move, of {LONG_NAME} and of walk; the others stay bit for bit.",
    )
    window.state.proposal = Proposal(
        ProposalKind.NEW_BASE, "A new base is ready", words, figures, "Switch to it", "Keep the present one"
    )
    yield after(0.2)


def _no_proposal(window: StudioWindow) -> Script:
    window.state.proposal = None
    yield after(0.05)


def _packages(window: StudioWindow) -> Script:
    sheet = window.appearance.dress(PackageSheet(lambda: None, window.layout_.desk))
    sheet.offer(TRAINING.title, TRAINING.why, "About 240 MB to download and 1.3 GB on disk.", "pip install torch", "")
    yield after(0.1)


def _no_packages(window: StudioWindow) -> Script:
    for sheet in window.findChildren(PackageSheet):
        sheet.close_overlay()
    yield after(0.05)


def _hint(number: int, window: StudioWindow) -> Script:
    window.sheets.begin_hints()
    for _ in range(number):
        window.sheets.hints.step()
    yield after(0.1)


def _praised(window: StudioWindow) -> Script:
    window.sheets.begin_hints()
    window.sheets.did(MARKED)
    yield after(0.1)


def _no_hints(window: StudioWindow) -> Script:
    window.sheets.hints.finish()
    yield after(0.05)


def _menu(window: StudioWindow) -> Script:
    window.layout_.bar.menu.click()
    yield after(0.1)


def _no_menu(window: StudioWindow) -> Script:
    window.menu_.close()
    for menu in window.findChildren(QMenu):
        menu.close()
    yield after(0.05)


def _named(window: StudioWindow) -> Script:
    window.layout_.classes_panel.begin_add()
    window.layout_.classes_panel.field.setText("walk")
    Hands(window).tap(Qt.Key.Key_Return)
    yield after(0.1)


def _unnamed(window: StudioWindow) -> Script:
    window.layout_.classes_panel.cancel_add()
    yield after(0.05)


def _source(key: str, window: StudioWindow) -> Script:
    """The sheet of sources, on one of its rows, once that is opened and something comes of it."""
    sheet = window.sheets.source
    sheet.open()
    sheet.list.choose(key)
    yield after(1.5)


SHEETS = ("learning", "shortcuts", "palette", "history", "protected", "recent")
SOURCES = ("simulator", "shipped basic_motions", "pointer", "osc", "phone", "serial", "lsl", "recording file")
"""Rows of the sheet of sources that look different."""
PAGES: tuple[tuple[str, Subject], ...] = (
    ("answer", AnswerSubject()),
    ("unit", UnitSubject(17)),
    ("bank", BankSubject(0)),
    ("class", ClassSubject(1)),
)


def all_scenes() -> list[Scene]:
    """Return everything that is looked at, those of one world together."""
    scenes = [Scene(f"layout {name}", TAUGHT, name, everywhere=True) for name in BUILT_IN]
    scenes += [
        Scene("then", TAUGHT, "Label", _then, _now),
        Scene("recording", TAUGHT, "Label", _held, _let_go, anew=True),
        Scene("told", TAUGHT, "Label", _told, _untold, anew=True),
        Scene("quality", TAUGHT, "Label", partial(_middle, "quality"), _gates_again),
        *(Scene(f"gating {view}", TAUGHT, "Label", partial(_gating, view), _gates_again) for view in View),
        *(Scene(f"inspector {name}", TAUGHT, "Debug", partial(_inspected, subject)) for name, subject in PAGES),
        Scene("inspector versions", TAUGHT, "Debug", _versions),
        Scene("then, why", TAUGHT, "Debug", _then, _now),
        *(Scene(name, TAUGHT, "Label", partial(_sheet, name), partial(_sheet_away, name)) for name in SHEETS),
        *(
            Scene(f"source {key}", TAUGHT, "Label", partial(_source, key), partial(_sheet_away, "source"))
            for key in SOURCES
        ),
        *(
            Scene(f"examples as {view}", TAUGHT, "Label", partial(_examples, view), partial(_sheet_away, "examples"))
            for view in ("table", "thumbnails")
        ),
        Scene("importing", TAUGHT, "Label", _import, partial(_sheet_away, "importing")),
        Scene("name of a layout", TAUGHT, "Label", _layout_name, partial(_sheet_away, "name")),
        Scene("proposal", TAUGHT, "Label", _proposal, _no_proposal),
        Scene("packages", TAUGHT, "Label", _packages, _no_packages),
        Scene("naming a class", TAUGHT, "Label", _named, _unnamed),
        Scene("stage", TAUGHT, "Label", _presented, _not_presented, everywhere=True),
        Scene("menu", TAUGHT, "Label", _menu, _no_menu, anew=True),
        *(Scene(f"hint {number + 1}", TAUGHT, "Label", partial(_hint, number), _no_hints) for number in range(4)),
        Scene("hint followed", TAUGHT, "Label", _praised, _no_hints, anew=True),
        Scene("compare", TAUGHT, "Label", _compared, _gates_again, everywhere=True),
        Scene("compare, stability", TAUGHT, "Label", _lost),
        Scene("stage with a twin", TAUGHT, "Label", _compared_on_stage, _not_presented, everywhere=True),
        # The last of its world: where the machine is slow, it records before it is called off.
        Scene("countdown", TAUGHT, "Label", _countdown, _no_countdown, anew=True),
        Scene("nothing, Label", NOTHING, "Label", everywhere=True),
        *(Scene(f"nothing, {name}", NOTHING, name) for name in ("Talk", "Debug")),
        Scene("nothing, quality", NOTHING, "Label", partial(_middle, "quality"), _gates_again),
        Scene("nothing, gating", NOTHING, "Label", partial(_gating, View.SHARES), _gates_again),
        Scene("nothing, examples", NOTHING, "Label", _no_examples, partial(_sheet_away, "examples")),
        Scene("stage from nothing", NOTHING, "Label", _presented, _not_presented),
        Scene("pad", PAD, "Pad", everywhere=True),
        Scene("pad, Label", PAD, "Label"),
        Scene("stage of a pad", PAD, "Pad", _presented, _not_presented),
        Scene("recorded", RECORDED, "Label"),
        Scene("long, Label", LONG, "Label"),
        Scene("long, Debug", LONG, "Debug"),
    ]
    return scenes
