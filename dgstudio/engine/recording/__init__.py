"""The recorded stream: samples, receipts and versions are kept, looked back at, replayed and learned again.

Uses `runtime/`. Start with `recorder.py`, then `replay.py`.
"""
