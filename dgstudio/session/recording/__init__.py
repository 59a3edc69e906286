"""A recorded stream in a session: stretches, sample blocks, receipts. Start with `recorded.py`."""
