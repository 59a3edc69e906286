"""`dgstudio bench --faults`: damaged and hostile files, faults while the program runs, signals, kills; what came of it.

`mutations` damages files, `trials` tries one in a process that `pool` bounds in time and memory, `live` breaks what a
running engine stands on, `signals` ends windows. Start reading at `run.py`.
"""
