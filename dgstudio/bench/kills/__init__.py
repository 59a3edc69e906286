"""Windows that are worked in until they are killed, and what their files then hold. Start at `crash_test.py`."""
