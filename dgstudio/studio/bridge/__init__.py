"""Where window and engine meet: a timer pulls, the window asks the engine's parts, and its state is kept.

Start with `bridge.py`; `state.py` is what the panels follow, field by field.
"""
