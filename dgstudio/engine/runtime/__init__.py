"""What every part of the engine stands on: workers, rings, events, the store's queue, classes, settings.

It uses nothing else of the engine. Start with `worker.py` and `rings.py`.
"""
