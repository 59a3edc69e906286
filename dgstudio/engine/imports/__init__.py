"""Files and other sessions as examples of this one, as one act that can be undone.

Uses `runtime/`, `labels/` and `lifecycle/`. Start with `plan.py`, then `worker.py`.
"""
