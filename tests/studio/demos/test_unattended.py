"""Demos that nobody attends: the first one is true from beginning to end, and what is not true is told."""

import csv
import re

import pytest
from PIL import Image

from dgstudio.studio.demos.catalogue import script_path
from dgstudio.studio.demos.claims.outcome import Verdict
from dgstudio.studio.demos.reading import read_script
from dgstudio.studio.demos.report import DemoReport
from dgstudio.studio.unattended import run_unattended

FALSE = """
title = "Not so"
[[step]]
caption = "It has lost {ours.lost}, and the twin {twin.lost}."
until = { seconds = 0.3 }
claims = [
    { words = "has lost {ours.lost}", holds = "ours.lost > 0" },
    { words = "the twin {twin.lost}", holds = "twin.lost == 0" },
]
[[step]]
caption = "Waiting."
until = { when = 'truth == "nothing"', at_most = 0.3 }
"""


def test_haywire_is_true_from_beginning_to_end(qapp, tmp_path):
    pytest.importorskip("jinja2")
    script = read_script(script_path("haywire"))
    report, said, moving = DemoReport(script, tmp_path / "out"), [], tmp_path / "haywire.webp"
    outcome = run_unattended(
        script, said.append, lambda _step, window: window.grab().save(str(report.picture_path())), moving
    )
    with Image.open(moving) as picture:
        assert picture.n_frames > 8 and picture.size[0] > picture.size[1]
    assert not outcome.trouble and not outcome.false, outcome.false
    assert len(outcome.claims) >= 7 and len(outcome.steps) == len(script.steps) == len(said)
    last = {figure.name: figure.value for figure in outcome.steps[-1].figures}
    assert last["twin.lost"] > 0 and last["ours.lost"] == last["ours.bits"] == 0 and last["ours.answer"] == "walk"
    page = report.write(outcome)
    text = page.read_text(encoding="utf-8")
    assert all(step.caption in text.replace("&#39;", "'") for step in outcome.steps)
    # One file for any browser: nothing is loaded from anywhere.
    assert len(re.findall(r'src="data:image/png;base64,\w', text)) == len(script.steps)
    assert not re.findall(r'(?:src|href)="(?!data:)', text)
    with (tmp_path / "out" / "haywire.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == [step.name for step in script.steps]
    assert rows[-1]["ours.lost"] == "0" and int(rows[-1]["twin.lost"]) > 0


def test_what_is_not_true_is_told_with_its_figures(qapp, tmp_path):
    path = tmp_path / "not-so.toml"
    path.write_text(FALSE, encoding="utf-8")
    outcome = run_unattended(read_script(path))
    first, second = outcome.steps
    assert [claim.verdict for claim in first.claims] == [Verdict.FALSE, Verdict.FALSE]
    assert first.caption == "It has lost 0, and the twin …."
    assert [(figure.name, figure.value, figure.text) for figure in first.claims[1].figures] == [
        ("twin.lost", None, "…")
    ]
    # What was waited for in vain is not true either.
    (waited,) = second.claims
    assert waited.verdict is Verdict.FALSE and waited.words == "waited 0.3 s for it"
    assert len(outcome.false) == 3
