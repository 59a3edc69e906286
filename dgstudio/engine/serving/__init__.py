"""How answers come about: dg-source fills the ring, dg-infer answers each hop in each lane, dg-out sends it on.

Uses `runtime/`. Start with `infer_worker.py` and `lane.py`.
"""
