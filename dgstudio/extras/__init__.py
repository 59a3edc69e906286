"""What some features need beyond the window: known, and installed on request."""
