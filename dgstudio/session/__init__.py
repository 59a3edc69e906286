"""What is kept: the session file, its versions and recordings, and what is taken along.

The engine stands on it; it knows no streams. Start with `file.py`.
"""
