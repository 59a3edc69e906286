"""What the inspector shows first stands in its place before it can be painted."""

from dgstudio.studio.inspector.panel import InspectorPanel
from dgstudio.studio.inspector.waterfall import Step
from dgstudio.studio.theme.theme import DARK

STEPS = [Step(f"step {number}", 1.0, "accent", total=number == 8) for number in range(9)]


def test_an_answer_is_laid_out_in_the_frame_that_brings_it(qtbot, bridge, monkeypatch):
    panel = InspectorPanel(bridge.state, bridge, lambda *_: None)
    qtbot.addWidget(panel)
    panel.apply_theme(DARK)
    panel.resize(300, 320)
    with qtbot.waitExposed(panel):
        panel.show()
    page = panel.pages.answer
    panel.update_frame(bridge.frame())

    def show(_frame):
        page.words.setText("A sentence that takes more than one line where there is little room. " * 2)
        for widget in (page.over, page.against, page.fall, page.banks):
            widget.setVisible(True)
        page.fall.show_steps(STEPS)
        page.banks.setText("bank 1 rests on more examples than there is room to tell of here")

    monkeypatch.setattr(page, "update_frame", show)
    panel.update_frame(bridge.frame())
    # No event has been handled since: an exposed window would be painted as it stands.
    assert page.fall.height() == page.fall.sizeHint().height() > 200
    assert page.banks.height() >= page.banks.heightForWidth(page.banks.width())
    assert page.words.height() >= page.words.heightForWidth(page.words.width())
