"""What is done to sessions and files: the menu's second group."""

from __future__ import annotations

from typing import Final

from dgstudio.session.export.kinds import ExportKind
from dgstudio.studio.actions.ids import ActionId, Group, SubMenu
from dgstudio.studio.window.action_tables.picture_actions import PICTURE_ACTIONS
from dgstudio.studio.window.parts import Row, WindowParts
from dgstudio.studio.window.sheets import toggle


def _can_switch(it: WindowParts) -> bool:
    return it.sessions.can_switch


SESSION_ACTIONS: Final[tuple[Row, ...]] = (
    Row(
        ActionId.NEW_SESSION,
        "New session",
        lambda it: it.sessions.new(),
        key="Ctrl+N",
        tooltip="Begin anew on the same stream; this session is kept",
        icon="mdi6.file-plus-outline",
        group=Group.FILE,
        under=SubMenu.FILE,
        offered=_can_switch,
    ),
    Row(
        ActionId.OPEN_SESSION,
        "Open a session…",
        lambda it: it.sessions.ask_which(),
        key="Ctrl+O",
        tooltip="Go on with a saved session",
        icon="mdi6.folder-outline",
        group=Group.FILE,
        under=SubMenu.FILE,
        offered=_can_switch,
    ),
    Row(
        ActionId.RECENT_SESSIONS,
        "Recent sessions…",
        lambda it: toggle(it.sheets.recent),
        key="Ctrl+Shift+O",
        tooltip="The sessions that were open here lately, with their ages and sizes",
        icon="mdi6.history",
        group=Group.FILE,
        under=SubMenu.FILE,
        offered=_can_switch,
    ),
    Row(
        ActionId.SAVE_AS,
        "Save as…",
        lambda it: it.sessions.save_as(),
        key="Ctrl+Shift+S",
        tooltip="Go on in another file; what this one holds by now stays in it",
        icon="mdi6.content-save-move-outline",
        group=Group.FILE,
        under=SubMenu.FILE,
    ),
    Row(
        ActionId.SAVE_COPY,
        "Save a copy…",
        lambda it: it.sessions.save_copy(),
        key="Ctrl+S",
        tooltip="Write everything to another file, also what could not be saved so far, and go on in this one",
        icon="mdi6.content-save-outline",
        group=Group.FILE,
        under=SubMenu.FILE,
    ),
    Row(
        ActionId.DUPLICATE_SESSION,
        "Duplicate",
        lambda it: it.notifier.attempt(it.commands.recording.duplicate),
        tooltip="Make a copy beside this session, under a free name, and go on in this one",
        icon="mdi6.content-duplicate",
        group=Group.FILE,
        under=SubMenu.FILE,
    ),
)

TAKEN_ALONG_ACTIONS: Final[tuple[Row, ...]] = (
    Row(
        ActionId.IMPORT,
        "Import examples…",
        lambda it: it.sheets.importing.ask(),
        key="Ctrl+I",
        tooltip="Labelled samples or features from a CSV, NPZ or ARFF file, or the examples of another session",
        icon="mdi6.import",
        group=Group.FILE,
        under=SubMenu.FILE,
    ),
    Row(
        ActionId.RECORD_STREAM,
        "Record the stream",
        switch=lambda it, on: it.notifier.attempt(it.commands.recording.record, on),
        key="Ctrl+R",
        tooltip="Keep the raw stream, a receipt for each answer and the versions that gave them: to replay and to "
        "audit",
        icon="mdi6.record-rec",
        group=Group.FILE,
        under=SubMenu.FILE,
    ),
    Row(
        ActionId.EXPORT_EXAMPLES,
        "Export examples…",
        lambda it: it.sessions.export(ExportKind.EXAMPLES),
        tooltip="All labelled examples with their features, as CSV or NPZ",
        icon="mdi6.export-variant",
        group=Group.FILE,
        under=SubMenu.FILE,
    ),
    Row(
        ActionId.EXPORT_MODEL,
        "Export model…",
        lambda it: it.sessions.export(ExportKind.MODEL),
        tooltip="The newest version for other programs, as ONNX, checked first, or safetensors, with a card. "
        "ONNX needs the packages onnx and onnxruntime, which are offered where they are missing",
        icon="mdi6.export-variant",
        group=Group.FILE,
        under=SubMenu.FILE,
    ),
    Row(
        ActionId.EXPORT_REPORT,
        "Export report…",
        lambda it: it.sessions.export(ExportKind.REPORT),
        tooltip="The story of this session with its figures, as one HTML file. "
        "Needs the packages matplotlib and Jinja2, which are offered where they are missing",
        icon="mdi6.export-variant",
        group=Group.FILE,
        under=SubMenu.FILE,
    ),
    Row(
        ActionId.EXPORT_RECORDING,
        "Export for another machine…",
        lambda it: it.sessions.export(ExportKind.RECORDING),
        tooltip="A copy of this session in which every version is whole: what was recorded audits on any machine",
        icon="mdi6.export-variant",
        group=Group.FILE,
        under=SubMenu.FILE,
    ),
    Row(
        ActionId.EXPORT_STREAM,
        "Export the recorded stream…",
        lambda it: it.sessions.export(ExportKind.STREAM),
        tooltip="All that was recorded of the stream, with your labels, as an NPZ file that plays back as a source: "
        "the same windows, the same answers",
        icon="mdi6.export-variant",
        group=Group.FILE,
        under=SubMenu.FILE,
    ),
    Row(
        ActionId.EXPORT_FIGURES,
        "Export figures…",
        lambda it: it.sessions.export(ExportKind.FIGURES),
        tooltip="A CSV table of this session: when each version was published and what it changed, how each take was "
        "answered before it was learned, recall and precision, and what was compared",
        icon="mdi6.export-variant",
        group=Group.FILE,
        under=SubMenu.FILE,
    ),
)

FILE_ACTIONS: Final = SESSION_ACTIONS + TAKEN_ALONG_ACTIONS + PICTURE_ACTIONS
