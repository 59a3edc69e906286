"""Imports: a file or another session as examples of this one, as one act that can be undone."""
