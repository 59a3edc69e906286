"""What every part of the engine stands on: workers, rings, events, group commits, classes, settings, metrics.

It uses nothing else of the engine. Start with `worker.py` and `rings.py`.
"""
