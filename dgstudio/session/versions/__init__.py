"""Versions of the model in a session: whole, or as what they were learned from. Start with `versions.py`."""
