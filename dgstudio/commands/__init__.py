"""What the command line starts, a file for each command that needs more than a few lines. Start with `run.py`.

Imported by `cli.py` and `entry.py` alone; each imports what it needs when it is called, so that `--help` is quick.
"""
