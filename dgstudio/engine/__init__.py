"""What runs: threads, rings, lanes, commands. No Qt; lab, studio, bench and the command line stand on it.

Start with `engine.py`, which puts the parts together. `runtime/` is used by all other folders here, `serving/` answers,
`twins/` are what ours is compared with, `labels/` keeps what the user says, `adapt/` learns, `recording/` keeps and
replays the stream, `evaluation/` scores, `browse/` serves the example browser, `inspection/` explains answers and
compares versions, `imports/` brings data in, `lifecycle/` begins and goes on.
"""
