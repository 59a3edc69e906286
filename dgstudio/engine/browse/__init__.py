"""What the example browser shows: filters and orders, neighbours, what versions contain an example.

Uses `runtime/`, `labels/`, `adapt/` and `evaluation/`. Start with `browse_worker.py`.
"""
