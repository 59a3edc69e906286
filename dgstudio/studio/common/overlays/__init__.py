"""What lies over the window for a while: sheets, toasts, hints; whose the keys are then. Start with `overlay.py`."""
