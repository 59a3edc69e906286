"""Other programs at the controls: what they ask for, and what they are told. Start with `remote_control.py`."""
