"""How good the answers are, and which moments a label would help most.

Uses `runtime/`, `serving/` and `labels/`. Start with `quality_report.py`.
"""
