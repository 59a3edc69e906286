"""`dgstudio bench --labels`: labels with real keys in a long session, timed. Start at `label_bench.py`."""
