"""Names of all that can be done in the window, and of the places where lists and the menu show it."""

from __future__ import annotations

from enum import StrEnum


class ActionId(StrEnum):
    """What can be done. Code asks for an action by this; the words that people read stand in its row."""

    ADD_CLASS = "add_class"
    COUNTDOWN = "countdown"
    DOUBTFUL = "doubtful"
    NONE_OF_THESE = "none_of_these"
    SKIP_MOMENT = "skip_moment"
    UNDO = "undo"
    REDO = "redo"
    EXAMPLES = "examples"
    HISTORY = "history"
    RECORD_CLASS = "record_class"
    TAKE_BACK_CLASS = "take_back_class"

    NEW_SESSION = "new_session"
    OPEN_SESSION = "open_session"
    RECENT_SESSIONS = "recent_sessions"
    SAVE_AS = "save_as"
    SAVE_COPY = "save_copy"
    DUPLICATE_SESSION = "duplicate_session"
    IMPORT = "import"
    RECORD_STREAM = "record_stream"
    EXPORT_EXAMPLES = "export_examples"
    EXPORT_MODEL = "export_model"
    EXPORT_REPORT = "export_report"
    EXPORT_RECORDING = "export_recording"

    MODE_OFF = "mode_off"
    MODE_ROUTING = "mode_routing"
    MODE_WEIGHTS = "mode_weights"
    MODE_BOTH = "mode_both"
    LEARNING = "learning"
    PROTECT = "protect"
    PROTECTED = "protected"
    RESUME_PARKED = "resume_parked"
    CONSOLIDATE = "consolidate"
    ROLL_BACK = "roll_back"
    GO_FORWARD = "go_forward"
    COMPARE_BEFORE = "compare_before"
    PIN = "pin"
    COMPARE = "compare"
    COMPARE_SWAP = "compare_swap"

    PAUSE = "pause"
    ANSWER_BEFORE = "answer_before"
    ANSWER_AFTER = "answer_after"
    LIVE = "live"
    ZOOM_IN = "zoom_in"
    ZOOM_OUT = "zoom_out"
    QUALITY = "quality"
    GATING = "gating"
    FREEZE_GATING = "freeze_gating"
    EXPORT_GATING = "export_gating"
    PRESENT = "present"
    FULL_SCREEN = "full_screen"
    LOG = "log"
    THEME = "theme"
    RESET_LAYOUT = "reset_layout"
    LEAVE = "leave"
    PALETTE = "palette"
    SHORTCUTS = "shortcuts"
    HINTS = "hints"
    QUIT = "quit"


class Group(StrEnum):
    """What heads an action in lists; groups are parted by lines in the menu."""

    LABEL = "Label"
    FILE = "File"
    LEARN = "Learn"
    VERSIONS = "Versions"
    COMPARE = "Compare"
    VIEW = "View"
    GENERAL = "General"


class SubMenu(StrEnum):
    """Menus within the menu."""

    WHICH = "Which one was this?"
    FILE = "File"
    LEARN = "Learn"
    PROTECT = "Protect"
    COMPARE = "Compare"
    STREAM = "Stream"
    WINDOW = "Window"
