"""How the running model changes: dg-learn, its commands and audits, drift, protection, candidate models, versions kept.

Uses `runtime/`, `serving/`, `labels/`, `recording/` and `lifecycle/`.
Start with `model_commands.py`, then `learn_worker.py`.
"""
