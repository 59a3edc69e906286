"""The few settings of a source that matter, in a line: port, address, speed, name, file."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QFileDialog, QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from dgstudio.streams.camera.kind import SUFFIXES as VIDEOS
from dgstudio.streams.serial.ports import BAUD
from dgstudio.studio.common.file_dialog import file_dialog
from dgstudio.studio.common.widgets.combo_box import ChoiceBox
from dgstudio.studio.common.widgets.flow_row import FlowRow
from dgstudio.studio.source.choice.chosen import Fields, usual_fields
from dgstudio.studio.source.choice.entries import RECORDINGS, Entry, EntryKind
from dgstudio.studio.theme.theme import Theme

BAUDS = (9_600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600)
LINE_WIDTHS = {"port": 64, "path": 150, "only_from": 170, "device": 170, "text": 200, "file": 300}
"""Logical pixels of what is typed."""
LABELS = {
    "port": ("Port", "The UDP port that messages come to"),
    "path": ("Address", "The OSC address that inputs are sent to"),
    "only_from": ("Only from", "Who may send, as 192.168.1.20 or 192.168.1.0/24; empty: everybody on the network"),
    "device": ("Port", "The name of the serial port, as /dev/ttyACM0 or COM3"),
    "text": ("Name", "What it is called; for LSL also type=EEG,host=lab-2"),
    "file": ("File", "The path of the file, or of a folder of takes"),
}
HINTS = {"only_from": "everybody", "device": "/dev/ttyACM0", "text": "", "file": "choose or type"}


class FieldsRow(FlowRow):
    """Shows the fields of one row of the list at a time. `changed` tells that something else stands in them."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(14, 6, parent)
        self._entry: Entry | None = None
        self._kept: dict[str, Fields] = {}
        """Entry's key → what was typed there."""
        self.lines: dict[str, QLineEdit] = {}
        self._groups: dict[str, QWidget] = {}
        self._labels: list[QLabel] = []
        for name, (label, tip) in LABELS.items():
            line = QLineEdit()
            line.setAccessibleName(label)
            line.setToolTip(tip)
            line.setPlaceholderText(HINTS.get(name, ""))
            line.textEdited.connect(lambda _text: self._note())
            self.lines[name] = line
            self._group(name, label, line)
        self.baud = ChoiceBox("Speed in baud")
        self.baud.addItems([f"{baud:,}" for baud in BAUDS])
        self.baud.activated.connect(lambda _place: self._note())
        self._group("baud", "Speed", self.baud)
        self.network = QCheckBox("Listen on the network")
        self.network.setToolTip("Others than programs on this machine may send, too")
        self.network.toggled.connect(lambda _on: self._note())
        self._group("network", "", self.network)
        self.browse = QPushButton("Choose…")
        self.browse.setToolTip("Look for the file")
        self.browse.clicked.connect(lambda _checked=False: self.ask())
        self.browse_folder = QPushButton("Folder…")
        self.browse_folder.setToolTip("Look for a folder with a take in each file")
        self.browse_folder.clicked.connect(lambda _checked=False: self.ask(folder=True))
        self._group("browse", "", self.browse)
        self._group("browse_folder", "", self.browse_folder)

    def show_entry(self, entry: Entry) -> None:
        """Show what can be set of a source, as it was left."""
        self._entry = entry
        fields = self._kept.setdefault(entry.key, usual_fields(entry))
        for name, line in self.lines.items():
            line.setText(getattr(fields, name))
        self.baud.setCurrentText(f"{int(fields.baud):,}" if fields.baud.isdigit() else f"{BAUD:,}")
        self.network.blockSignals(True)
        self.network.setChecked(fields.network)
        self.network.blockSignals(False)
        self._show_needed()

    @property
    def fields(self) -> Fields:
        """What stands in them."""
        return Fields() if self._entry is None else self.fields_of(self._entry)

    def fields_of(self, entry: Entry) -> Fields:
        """What was typed for a row of the list, or what is usual there."""
        return self._kept.get(entry.key) or usual_fields(entry)

    def set_path(self, path: str) -> None:
        """Let inputs be those that come to another OSC address."""
        self.lines["path"].setText(path)
        self._note()

    def ask(self, *, folder: bool = False) -> None:
        """Ask for a file, or a folder of takes; the stream goes on meanwhile."""
        entry = self._entry
        assert entry is not None, "a file is asked for by a row that has one"
        video = entry.kind is EntryKind.VIDEO
        ends = " ".join(f"*{suffix}" for suffix in (VIDEOS if video else RECORDINGS))
        dialog = file_dialog(self.window(), "Video" if video else "Recording", "", f"({ends});;All files (*)")
        mode = QFileDialog.FileMode.Directory if folder else QFileDialog.FileMode.ExistingFile
        dialog.setFileMode(mode)
        dialog.fileSelected.connect(self.set_file)
        dialog.open()

    def set_file(self, path: str) -> None:
        """Let it be this file or folder."""
        self.lines["file"].setText(path)
        self._note()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        for label in self._labels:
            label.setFont(theme.ui("small"))
        for name, line in self.lines.items():
            line.setFont(theme.ui("body"))
            line.setFixedWidth(theme.px(LINE_WIDTHS[name]))
        for widget in (self.network, self.browse, self.browse_folder):
            widget.setFont(theme.ui("body"))
        self.baud.apply_theme(theme)
        self._arrange()

    def _group(self, name: str, label: str, widget: QWidget) -> None:
        group = QWidget()
        row = QHBoxLayout(group)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        if label:
            words = QLabel(label)
            words.setObjectName("muted")
            words.setBuddy(widget)
            self._labels.append(words)
            row.addWidget(words)
        row.addWidget(widget)
        self._groups[name] = group
        self.add(group)

    def _show_needed(self) -> None:
        entry = self._entry
        shown: set[str] = set()
        if entry is not None and not entry.missing:
            shown = _needed(entry, self.fields)
        for name, group in self._groups.items():
            group.setVisible(name in shown)
        self.setVisible(bool(shown))
        self.updateGeometry()
        self._arrange()

    def _note(self) -> None:
        entry = self._entry
        if entry is None:
            return
        typed = {name: line.text() for name, line in self.lines.items()}
        baud, network = self.baud.currentText().replace(",", ""), self.network.isChecked()
        self._kept[entry.key] = replace(self._kept[entry.key], baud=baud, network=network, **typed)
        self._show_needed()
        self.changed.emit()


def _needed(entry: Entry, fields: Fields) -> set[str]:
    """Which fields a source has."""
    match entry.kind:
        case EntryKind.OSC:
            return {"port", "path", "network"} | ({"only_from"} if fields.network else set())
        case EntryKind.PHONE:
            return {"port", "only_from"}
        case EntryKind.SERIAL:
            return {"baud"} if entry.name else {"device", "baud"}
        case EntryKind.LSL:
            return set() if entry.name else {"text"}
        case EntryKind.PLUGIN:
            return {"text"}
        case EntryKind.RECORDING if not entry.name:
            return {"file", "browse", "browse_folder"}
        case EntryKind.VIDEO if not entry.name:
            return {"file", "browse"}
    return set()
