"""The database under a session: opening, locking, migrating, salvaging, arrays by content. Start with `opening.py`."""
