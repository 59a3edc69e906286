"""The report: true figures, every name escaped, nothing loaded from elsewhere, and what cannot be told is said."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from dgstudio.errors import BadInputError
from dgstudio.extras.known import EXTRAS, line
from dgstudio.model.plan import Plan
from dgstudio.reasons.stored import Told
from dgstudio.session.export import atomic_write, scoring
from dgstudio.session.export.atomic_write import MissingLibraryError
from dgstudio.session.export.report import NOTE_ROWS, TIMELINE_ROWS, export_report, page_of
from dgstudio.session.export.report_data import Note, chapters_of, tell
from dgstudio.session.export.scoring import version_before
from dgstudio.session.file import Session
from dgstudio.session.format.compared import COMPARED, ComparedTwin, of_setting, to_setting
from dgstudio.session.restore import restored
from dgstudio.types import ClassInfo, Example, PublishRecord, Take, TwinKind

VOID = {"meta", "link", "br", "img"}


class Page(HTMLParser):
    """What is in a page: tags with their attributes, the text, and whether what is opened is closed."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.said = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert tag in self.open, tag
        while self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.said.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.said).split())


@pytest.fixture(scope="module")
def written(story_file, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "out.html"
    with Session.open(story_file) as session:
        said = export_report(session, path)
    return path.read_text(encoding="utf-8"), said


def test_the_page_loads_nothing_and_runs_nothing(written):
    page = Page(written[0])
    assert page.open == []
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "img", "iframe", "object", "b<"} and "svg" in names
    for _, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes)
        for name in ("href", "src", "xlink:href"):
            assert (attributes.get(name) or "#").startswith("#")
    style = re.search("<style>(.*?)</style>", written[0], re.DOTALL).group(1)
    assert "url(" not in style and "@import" not in style and "prefers-color-scheme:dark" in style
    policies = [a["content"] for tag, a in page.tags if tag == "meta" and "http-equiv" in a]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_names_are_escaped_and_shown_as_they_are(written):
    page = Page(written[0])
    assert "<script" not in written[0] and "&lt;script&gt;alert(" in written[0]
    assert "<script>alert('$x$')</script> & co" in page.text and "ondée 🌊" in page.text
    assert "a & <b>" in page.text


def test_figures_have_ids_of_their_own_and_point_only_to_themselves(written):
    page = Page(written[0])
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    pointed = set(re.findall(r'href="#([^"]+)"', written[0])) | set(re.findall(r"url\(#([^)]+)\)", written[0]))
    assert pointed <= set(ids)
    figures = [a for tag, a in page.tags if tag == "svg" and a.get("class") == "figure"]
    assert len(figures) == 4 and all(a["aria-label"] and a["viewbox"] for a in figures)
    # No colour of the drawing's own but those of classes: the rest follows dark and light.
    assert "#01020" not in written[0] and "var(--ink)" in written[0]


def test_the_figures_are_true(story, written):
    page, told = Page(written[0]), tell(story)
    standing, records = story.examples(), story.records()
    head = story.latest_checkpoint()
    assert told.examples == len(standing) and len(told.takes) == len({e.take_id for e in standing})
    assert told.published == sum(r.version is not None for r in records)
    assert told.bits == sum(r.bits_changed for r in records if r.kind in ("learned", "class added", "protected")) == 0
    assert head.digest in page.text and f"v{head.version}" in page.text
    assert f"{len(standing)} examples stand, labelled in {len(told.takes)} takes" in page.text
    assert f"Of the answers to {told.protected} protected inputs not one bit has moved while it learned" in page.text
    for entry in told.classes:
        mine = [e for e in standing if e.class_id == entry.info.id]
        assert (entry.examples, entry.takes) == (len(mine), len({e.take_id for e in mine}))
        assert len(entry.windows) == min(6, sum(e.raw is not None for e in mine))
        assert entry.from_base == (entry.info.id < 3)
        assert written[0].count(f'background:{entry.info.colour}"') == 1
    assert "10.0 Hz, 6 channels" in page.text
    for kind in ("initial", "class added", "protected", "rolled back"):
        assert f"<td>{kind}</td><td" in written[0]


def test_each_take_is_scored_by_the_version_before_it(story, written):
    told = tell(story)
    assert [score.take.id for score in told.scores.takes] == [0, 1, 2, 5, 6] and told.scores.of == 6
    assert "5 of 6 takes could be scored" in written[1] and "5 of 6 takes could be scored" in Page(written[0]).text
    records = story.records()
    seen = right = 0
    for score in told.scores.takes:
        mine = [e for e in story.examples() if e.take_id == score.take.id]
        snapshot, training = restored(story.checkpoint(score.version))
        assert training.every().isdisjoint(e.id for e in mine)
        # The next version, if any, is of this take or later.
        later = [r for r in records if r.version is not None and r.version > score.version]
        assert all(r.unix > score.take.created_unix for r in later[:1])
        plan = Plan(snapshot)
        tops = [plan.answer(e.features).top for e in mine]
        named = [None if top < 0 else plan.snapshot.classes[top] for top in tops]
        assert score.right == sum(e.class_id == c for e, c in zip(mine, named, strict=True))
        assert score.seen == len(mine)
        assert sum(score.answers.values()) == len(mine)
        seen, right = seen + len(mine), right + score.right
    assert told.scores.accuracy == right / seen
    # The first take of a class that nobody has taught yet cannot be right.
    first = told.scores.takes[0]
    assert not first.known and first.right == 0 and told.scores.known_accuracy > told.scores.accuracy


def test_examples_that_got_another_label_count_with_that(story_file, tmp_path):
    copy = tmp_path / "copy.dgs"
    with Session.open(story_file) as session:
        session.save_copy(copy)
    with Session.open(copy) as session:
        first = [example for example in session.examples() if example.take_id == 0]
        session.set_labels([replace(example, class_id=0) for example in first[3:]])
        told = tell(session)
    assert told.takes[0].class_id == 0 and session.path == copy
    score = told.scores.takes[0]
    assert sum(count for (label, _), count in score.answers.items() if label == 3) == 3
    assert sum(count for (label, _), count in score.answers.items() if label == 0) == len(first) - 3
    standing, nasty = (entry for entry in told.classes if entry.info.id in (0, 3))
    assert standing.takes == 2 and nasty.takes == 4


def test_answers_that_were_noted_then_count_as_they_are(story_file, tmp_path):
    copy = tmp_path / "copy.dgs"
    with Session.open(story_file) as session:
        session.save_copy(copy)
    with Session.open(copy) as session:
        mine = [example.id for example in session.examples() if example.take_id == 3]
        answered = [3] * (len(mine) - 2) + [-1, 0]
        session.set_config("answers to take 3", {"examples": mine, "answered": answered, "version": 12})
        session.set_config("answers to take 0", {"examples": [1, 2], "answered": "damaged"})
        told = tell(session)
    # The one take whose version the session no longer has: now all can be scored.
    assert [score.noted for score in told.scores.takes] == [False, False, False, True, False, False]
    score = told.scores.takes[3]
    assert score.answers == {(3, 3): len(mine) - 2, (3, None): 1, (3, 0): 1} and score.version == 12
    assert "as noted then (1), or answered again now by the version before it (5)" in Page(page_of(told)).text


def test_a_version_that_has_learned_of_a_take_does_not_score_it(story):
    told = tell(story)
    clock_set_back = [replace(take, created_unix=2e9) for take in told.takes]
    living = [entry.info for entry in told.classes]
    scores = scoring.score_takes(story, clock_set_back, story.examples(), story.records(), living)
    assert scores.takes == () and scores.of == len(told.takes) and scores.accuracy is None


def test_no_version_is_before_the_first():
    take = Take(0, 0, 0.0, 1.0, "x", created_unix=5.0)
    records = [
        PublishRecord(0, "initial", 0, None, Told(""), 0.0, 6.0),
        PublishRecord(1, "rejected", None, 0, Told(""), 0.0, 1.0),
    ]
    assert version_before(take, records) is None
    assert version_before(replace(take, created_unix=7.0), records) == 0


def test_runs_of_learning_are_one_line_of_the_timeline():
    kinds = ["initial", "learned", "learned", "rejected", "rejected", "class added", "class added", "learned"]
    records = [
        PublishRecord(
            n,
            kind,
            None if kind == "rejected" else n,
            None,
            Told(f"because {n}"),
            0.0,
            float(n),
            new_examples=((0, 3),),
        )
        for n, kind in enumerate(kinds)
    ]
    told = [(c.kind, c.first, c.last, c.count, c.examples) for c in chapters_of(records)]
    assert told == [
        ("initial", 0, 0, 1, 3),
        ("learned", 1, 2, 2, 6),
        ("rejected", None, None, 2, 6),
        ("class added", 5, 5, 1, 3),
        ("class added", 6, 6, 1, 3),
        ("learned", 7, 7, 1, 3),
    ]


def test_a_session_without_a_model_and_one_without_labels(story, tmp_path):
    with Session.memory() as session:
        session.put_class(ClassInfo(0, "a", "", "red;}</style><script>"))
        session.put_take(Take(3, 0, 0.0, 1.0, "x", "held", 1e9))
        session.put_examples([Example(0, 0, 3, np.ones(3, np.float32), 0.0, 1.0)])
        text = page_of(tell(session))
    page = Page(text)
    assert "No take could be scored" in page.text and "holds no version of a model" in page.text
    assert "The session has no history" in page.text and "background:#999999" in text and "<script" not in text
    with Session.memory() as session:
        session.put_checkpoint(story.latest_checkpoint())
        page = Page(page_of(tell(session)))
    assert "Nothing has been labelled" in page.text and "There is no class yet" in page.text


def test_a_session_without_anything_has_nothing_to_tell(tmp_path):
    with Session.memory() as session, pytest.raises(BadInputError, match="neither examples nor versions"):
        export_report(session, tmp_path / "a.html")
    assert not list(tmp_path.iterdir())


def test_a_long_history_stays_readable(tmp_path):
    with Session.memory() as session:
        session.put_class(ClassInfo(0, "a", "", "#123456"))
        session.put_examples([Example(0, 0, 3, np.ones(3, np.float32), 0.0, 1.0)])
        with session.batch():
            for n in range(6000):
                kind = "rejected" if n % 10 == 0 else "learned"
                record = PublishRecord(n, kind, None if n % 10 == 0 else n, n - 1, Told(f"number {n}"), 0.0, 1e9 + n)
                session.put_record(replace(record, examples=n, protected=n, bits_changed=int(n % 1000 == 999)))
        text = page_of(tell(session))
    assert len(text) < 1_000_000
    page = Page(text)
    assert f"The newest {TIMELINE_ROWS} of 1200 entries" in page.text and "6 changed a bit" in page.text
    assert "5,400 versions were published" in page.text and "600 proposals were rejected" in page.text


def test_without_matplotlib_one_sentence(story, tmp_path, monkeypatch):
    def without(name):
        raise ImportError(name)

    monkeypatch.setattr(atomic_write.importlib, "import_module", without)
    with pytest.raises(MissingLibraryError, match=rf"needs matplotlib, .*: {re.escape(line(EXTRAS['report']))}"):
        export_report(story, tmp_path / "a.html")
    assert not list(tmp_path.iterdir())


def test_notes_are_listed_and_only_words(story, tmp_path):
    told = tell(story)
    assert not told.notes and "<h2>Notes" not in page_of(told)
    with Session.memory() as session:
        session.put_classes([ClassInfo(0, "a", "1", "#111111"), ClassInfo(1, "gone", "2", "#222222", living=False)])
        for take_id in (0, 1, 2):
            session.put_take(Take(take_id, take_id // 2, 0.0, 1.0, "x"))
        ones = np.ones(3, np.float32)
        session.put_examples([Example(n, n // 4, n // 2, ones, 0.0, 1.0) for n in range(6)])
        session.put_notes([(0, "<i>sloppy</i>"), (2, "<i>sloppy</i>"), (3, "good"), (4, "of a removed class")])
        told = tell(session)
    assert [(n.text, n.count, n.takes, n.ids) for n in told.notes] == [
        ("<i>sloppy</i>", 2, 2, (0, 2)),
        ("good", 1, 1, (3, 3)),
    ]
    page = page_of(told)
    assert "<i>sloppy" not in page
    assert "<i>sloppy</i> a 2 examples in 2 takes 0 to 2 good a 1 example 3" in Page(page).text


def test_of_very_many_notes_the_first_are_listed(story):
    told = tell(story)
    class_id = told.classes[0].info.id
    page = page_of(replace(told, notes=tuple(Note(f"n{i}", class_id, 1, 1, (i, i)) for i in range(NOTE_ROWS + 5))))
    assert f"<td>n{NOTE_ROWS - 1}<" in page and f"<td>n{NOTE_ROWS}<" not in page and "5 more notes" in page


# -- what ran beside it ------------------------------------------------------------------------------------------------

PLACE = ComparedTwin(
    TwinKind.IN_PLACE, 1.7e9, 400, 250, ((0, 3, 120), (1, None, 20), (2, 1, 6), (1, 0, 3), (2, 0, 1)), False, 40,
    10_000, 12, 9_000, 2, 3_000, 2_430, 400, 400, 3_000, 2_850,
)  # fmt: skip
ROUTING = ComparedTwin(TwinKind.OURS_ROUTING, 1.7e9, 400, 400, bits=True, reads=50, ours_watched=400, ours_kept=390)


def test_what_was_compared_is_told_with_both_sides(story):
    told = tell(story)
    assert told.compared == () and "Compared with" not in Page(page_of(told)).text
    text = Page(page_of(replace(told, compared=(PLACE, ROUTING)))).text
    names = [told.named(class_id) for class_id in range(4)]
    assert "A conventional network, written in place; it learned 40 examples 250 of 400 400 of 400" in text
    assert f"{names[0]} → {names[3]} 120, {names[1]} → unsure 20" in text and "1 other " in text
    assert "10,000: 12 torn, 9,000 of no version, 2 of no state that ever was 81.0 % 95.0 %" in text
    assert "learning routing only" in text and "400 of 400, to the last bit 390 of 400, to the last bit none" in text
    assert "50: all of versions – –" in text


def test_what_was_compared_comes_back_from_a_session_and_what_is_none_is_left_out():
    with Session.memory() as session:
        assert of_setting(session.config(COMPARED)) == ()
        session.set_config(COMPARED, to_setting([PLACE, ROUTING]))
        assert of_setting(session.config(COMPARED)) == (PLACE, ROUTING)
    (good,) = to_setting([ROUTING])
    bad = [
        None, 3, {}, {**good, "kind": "later"}, {**good, "reads": -1}, {**good, "reads": True}, {**good, "lost": [[1]]},
        {**good, "lost": [[1, "x", 2]]}, {**good, "unix": "now"}, {**good, "seen": 2**60}, {**good, "bits": None},
        {**good, "lost": [[0, 1, 1]] * 2000},
    ]  # fmt: skip
    assert of_setting([*bad, good]) == (ROUTING,) and of_setting("all") == of_setting(None) == ()
