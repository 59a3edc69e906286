"""The source's knobs."""
