"""What the user's labels become: dg-store writes them, the label book holds them, acts undo them.

Uses `runtime/`, `serving/` and `recording/`.
Start with `label_commands.py`, then `store_worker.py` and `label_history.py`.
"""
