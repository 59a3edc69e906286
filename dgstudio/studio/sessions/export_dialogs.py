"""Where a file goes that is taken along: the dialogs for a copy of the session and for exports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from PySide6.QtWidgets import QWidget

from dgstudio.session.export.kinds import ExportKind
from dgstudio.studio.common.file_dialog import file_dialog

EXPORTS: Final[dict[str, tuple[str, dict[str, str], str]]] = {
    ExportKind.EXAMPLES: ("Export examples", {"Tables": "csv", "NumPy arrays": "npz"}, "examples"),
    ExportKind.MODEL: ("Export model", {"ONNX models": "onnx", "Safetensors": "safetensors"}, "model"),
    ExportKind.REPORT: ("Export report", {"Pages": "html"}, "report"),
    ExportKind.RECORDING: ("Export for another machine", {"Sessions": "dgs"}, "whole"),
    ExportKind.STREAM: ("Export the recorded stream", {"NumPy arrays": "npz"}, "stream"),
    ExportKind.FIGURES: ("Export figures", {"Tables": "csv"}, "figures"),
}
"""Kind → title of its dialog, what its formats are called, with their endings, and what is added to the session's name:
two kinds may have one ending, and none is to take the place of the other.
"""


def ask_where(
    window: QWidget,
    title: str,
    formats: Mapping[str, str],
    chosen: Callable[[str], object],
    name: str = "",
    folder: Path | None = None,
) -> None:
    """Ask for a file to write; `chosen` is called with its path. Nothing modal stands in the way of a live stream.

    Parameters
    ----------
    formats
        What a format is called → the ending of its files, the usual one first.
    name
        What the file may be called, without an ending.
    folder
        Where the dialog begins; default: where the program was started.
    """
    filters = {f"{what} (*.{ending})": ending for what, ending in formats.items()}
    dialog = file_dialog(window, title, "" if folder is None else str(folder), ";;".join(filters), save=True)
    dialog.setDefaultSuffix(next(iter(filters.values())))
    dialog.filterSelected.connect(lambda chosen_filter: dialog.setDefaultSuffix(filters[chosen_filter]))
    dialog.fileSelected.connect(chosen)
    # Not every system gives the keyboard back by itself.
    dialog.finished.connect(lambda _result: window.activateWindow())
    if name:
        dialog.selectFile(name)
    dialog.open()


def suggested_name(session_name: str) -> str:
    """A name for a file of this session, without an ending."""
    # A dot would be taken for that of an ending.
    return Path(session_name).stem.replace(".", "-") if session_name.endswith(".dgs") else "session"
