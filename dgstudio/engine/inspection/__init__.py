"""Why an answer is what it is: what the inspector, comparisons of versions and views of the gating show.

Uses `runtime/`, `labels/` and `recording/`; may be slow, so a thread of its own (dg-inspect) does it. Start with
`inspector.py`, which answers the questions, and `inspection_worker.py`, which is asked them.
"""
