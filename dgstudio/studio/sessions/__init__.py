"""Recent sessions, the bar while one is opened, dialogs for files."""
