"""A session that another program writes, followed as its file grows. Start with `watched_engine.py`."""
