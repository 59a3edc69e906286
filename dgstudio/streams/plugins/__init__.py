"""Sources and features of installed packages, and own ones of this user. Start with `entry_points.py`."""
