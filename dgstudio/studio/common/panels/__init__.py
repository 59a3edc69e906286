"""What each panel of the window is made of: its header, its tabs, and how it is made late. Start with `panel.py`."""
