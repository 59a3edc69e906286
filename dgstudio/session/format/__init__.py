"""How things are laid down in a session file: tables, rows, numbers, checkpoints, recipes. Start with `schema.py`."""
