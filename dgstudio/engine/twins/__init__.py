"""Twins: models that answer and learn the same beside ours, to be compared with. Uses `runtime/` and `serving/`.

Start with `twin_lane.py`; `adapt/twin_comparison.py` runs them.
"""
