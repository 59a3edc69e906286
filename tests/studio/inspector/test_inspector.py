"""The inspector on a running engine: what is shown of an answer is what its own version rests on."""

import pytest
from PySide6.QtWidgets import QWidget

from dgstudio.engine.engine import Engine
from dgstudio.engine.inspection.what_if import WhatIf
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.streams.simulation.simulator import SimulatorSource
from dgstudio.studio.app import make_window
from dgstudio.studio.bridge.inspected import BankSubject, ClassSubject, UnitSubject, VersionsSubject
from dgstudio.studio.inspector.panel import InspectorPanel


@pytest.fixture
def engine():
    source = SimulatorSource(seed=3)
    base, _ = base_for(source.spec)
    return Engine(source, base)


@pytest.fixture
def window(qtbot, settings, engine):
    window = make_window(engine, "a.dgs", settings=settings)
    qtbot.addWidget(window)
    window.resize(1280, 720)
    with qtbot.waitExposed(window):
        window.show()
    yield window
    window.close()
    assert engine.stop() == []


@pytest.fixture
def inspector(window, qtbot):
    """The inspector beside the window, fed with the same frames."""
    panel = window.appearance.dress(InspectorPanel(window.state, window.commands, window.notifier.attempt))
    qtbot.addWidget(panel)
    panel.resize(460, 700)
    panel.show()
    bridge = window.commands
    bridge.on_frame = lambda frame: (window.update_frame(frame), panel.update_frame(frame))
    yield panel
    bridge.on_frame = window.update_frame


def answered_by_bank(engine, since=0):
    """The newest answer that a bank gave, after so many."""
    found = [r for r in engine.lane.readings.since(since)[0] if r.speaker >= 0]
    return found[-1] if found else None


def teach(window, engine, qtbot, name):
    """Perform a gesture, label a second of it, and wait until it is learned and answered by a bank."""
    commands = window.commands
    known = {info.name: info.id for info in engine.classes.living()}
    class_id = known[name] if name in known else commands.labels.add_class(name).id
    commands.set_knob("gesture", name)
    begin = engine.lane.readings.newest
    qtbot.waitUntil(lambda: engine.lane.readings.newest is not None)
    begin = engine.lane.readings.newest.end
    qtbot.waitUntil(lambda: engine.lane.readings.newest.end > begin + 2.6)
    commands.labels.label_span(class_id, begin + 1.2, begin + 2.5)
    total = engine.lane.readings.total
    qtbot.waitUntil(lambda: answered_by_bank(engine, total) is not None and engine.learn.idle and engine.store.idle)
    return class_id


def whole(widget, panel):
    """Whether all of a widget is seen in a panel."""
    seen = widget.visibleRegion().boundingRect()
    return widget.isVisible() and seen == widget.rect() and panel.isAncestorOf(widget)


def learned(engine, version):
    return set(engine.contents.of(version).labels())


def test_an_answer_is_taken_apart_by_its_own_version(window, engine, inspector, qtbot):
    circle = teach(window, engine, qtbot, "circle")
    first = answered_by_bank(engine)
    of_then = learned(engine, first.version)
    assert of_then
    teach(window, engine, qtbot, "circle")
    assert len(learned(engine, engine.learner.store.head.version)) > len(of_then)
    # Looked back at, the earlier answer rests on what its version had learned, and on nothing newer.
    window.state.look_back(first.end)
    page = inspector.pages.answer
    same = first.logits.tobytes()
    qtbot.waitUntil(lambda: page.parts is not None and page.parts.said.logits.tobytes() == same)
    assert page.parts.said.version == first.version
    qtbot.waitUntil(lambda: bool(window.commands.cells(first)))
    assert {cell.example_id for cell in window.commands.cells(first)} <= of_then
    total = page.fall.steps[-1]
    assert total.total and total.amount == pytest.approx(sum(step.amount for step in page.fall.steps[:-1]))
    assert page.parts.said.likeliest == circle and page.pro.cards and "circle" in page.words.text()
    # What would be without one of them.
    page.pro._choose(page.pro.cards[0].example_id)
    # What can be done with it is seen at once, wherever the page was scrolled to.
    inspector.resize(270, 320)
    for button in (page.without, page.relabel, page.delete):
        qtbot.waitUntil(lambda button=button: whole(button, inspector))
    page.without.click()
    qtbot.waitUntil(lambda: page.imagined.text().startswith("Without this example: "))
    qtbot.waitUntil(lambda: whole(page.imagined, inspector) and whole(page.without, inspector))
    page._silence()
    qtbot.waitUntil(lambda: isinstance(page._imagined, WhatIf))
    assert "never served" in page.imagined.text()
    # Once it is deleted the page stands still for it no longer.
    chosen = page.pro.selected
    page.delete.click()
    assert page.held is None and page.silence.isVisible() and not page.delete.isVisible()
    qtbot.waitUntil(lambda: chosen not in {example.id for example in engine.book.active_examples()})
    qtbot.waitUntil(lambda: engine.learn.idle and engine.store.idle)
    assert engine.learner.store.serving.version == engine.learner.store.head.version

    # Sealed, a bank still tells by which of its own examples it speaks.
    window.state.set_paused(False)
    window.commands.model.protect_now()
    qtbot.waitUntil(lambda: any(bank.sealed for bank in engine.learner.store.head.banks))
    total = engine.lane.readings.total
    qtbot.waitUntil(lambda: answered_by_bank(engine, total) is not None)
    sealed = answered_by_bank(engine, total)
    window.state.look_back(sealed.end)
    qtbot.waitUntil(lambda: bool(window.commands.cells(sealed)))
    known = {example.id for example in engine.book.active_examples()}
    assert {cell.example_id for cell in window.commands.cells(sealed)} <= known


def test_units_banks_classes_and_two_versions_have_a_page_each(window, engine, inspector, qtbot):
    window.commands.labels.add_class("circle")
    qtbot.waitUntil(lambda: engine.learner.store.head.version == 1)
    before = 1
    circle = teach(window, engine, qtbot, "circle")
    window.state.look_back(answered_by_bank(engine).end)
    window.state.inspected = UnitSubject(17)
    unit = inspector.pages.unit
    qtbot.waitUntil(lambda: unit.figures is not None and unit.figures.unit == 17 and bool(unit.changes.text()))
    assert unit.firing.rows and unit.incoming.rows and unit.outgoing.rows
    unit.off.setChecked(True)
    qtbot.waitUntil(lambda: "never served" in unit.imagined.text())
    window.state.inspected = BankSubject(0)
    qtbot.waitUntil(lambda: inspector.pages.bank.figures is not None)
    assert inspector.pages.bank.chart.figures.histograms and "bank 1" in inspector.pages.bank.words.text()
    window.state.inspected = ClassSubject(circle)
    qtbot.waitUntil(lambda: inspector.pages.class_.found is not None)
    assert "learned" in inspector.pages.class_.changes.text()
    head = engine.learner.store.head.version
    window.state.compared = (before, head)
    window.state.inspected = VersionsSubject()
    page = inspector.pages.versions
    qtbot.waitUntil(lambda: page.found is not None and page.everything is not None)
    words = [label.text() for pair in page._rows for label in pair]
    assert "bit-identical, all 400" in words[1] and "base untouched" in words[7] and "circle" in words[9]
    first, *between, last = page.fall.steps
    assert last.total and last.amount == pytest.approx(first.amount + sum(step.amount for step in between), abs=1e-3)
    # Nothing of a page is cut off at the side.
    area = inspector._stack.currentWidget()
    assert page.minimumSizeHint().width() <= area.viewport().width()
    assert all(part.width() <= area.viewport().width() for part in page.findChildren(QWidget))
