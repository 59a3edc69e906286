"""Recordings as a source: files, folders of takes, played as they were recorded. Start with `source.py`."""
