"""What comes in: sources of samples and the features of a window. Knows only values.

Start with `source.py` and `registry.py`; docs/adding-a-source.md says how to add one.
"""
