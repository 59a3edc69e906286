"""What a user wants to take along from a session, checked as a whole before any of it is done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dgstudio.errors import BadInputError
from dgstudio.records import dataclass
from dgstudio.session.export import examples, figure_table, recording, report, stream
from dgstudio.session.export.atomic_write import card_path, check_targets
from dgstudio.session.export.kinds import ExportKind, check_name
from dgstudio.session.export.model_file.model import export_model
from dgstudio.session.file import Session


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """The files to write, None for what is not wanted; `version` None is the head."""

    session: Path
    examples: Path | None = None
    model: Path | None = None
    version: int | None = None
    report: Path | None = None
    recording: Path | None = None
    overwrite: bool = False
    stream: Path | None = None
    figures: Path | None = None

    def run(self, say: Callable[[str], object]) -> None:
        """Do it all; `say` is given a sentence for each file, and for what of the session could not be read.

        Raises
        ------
        DgstudioError
            One sentence, at the first thing that cannot be done; files written before it stay.
        """
        self._check()
        with Session.open(self.session) as session:
            try:
                if self.examples is not None:
                    say(examples.export_examples(session, self.examples, overwrite=self.overwrite))
                if self.model is not None:
                    say(export_model(session, self.model, number=self.version, overwrite=self.overwrite))
                if self.report is not None:
                    say(report.export_report(session, self.report, overwrite=self.overwrite))
                if self.recording is not None:
                    say(recording.export_recording(session, self.recording, overwrite=self.overwrite))
                if self.stream is not None:
                    say(stream.export_stream(session, self.stream, overwrite=self.overwrite))
                if self.figures is not None:
                    say(figure_table.export_figures(session, self.figures, overwrite=self.overwrite))
            finally:
                for problem in session.report.problems:
                    say(f"Note: {problem}")

    def _check(self) -> None:
        wanted = {
            ExportKind.EXAMPLES: self.examples,
            ExportKind.MODEL: self.model,
            ExportKind.REPORT: self.report,
            ExportKind.RECORDING: self.recording,
            ExportKind.STREAM: self.stream,
            ExportKind.FIGURES: self.figures,
        }
        named = {kind: path for kind, path in wanted.items() if path is not None}
        if not named:
            raise BadInputError(
                "Say what to export: --examples FILE, --model FILE, --report FILE, --recording FILE, --stream FILE or "
                "--figures FILE."
            )
        if self.version is not None and self.model is None:
            raise BadInputError("--version says which model to export: give --model FILE as well.")
        for kind, path in named.items():
            check_name(kind, path)
        files = list(named.values())
        if self.model is not None:
            files.append(card_path(self.model))
        check_targets(files, self.session, self.overwrite)
