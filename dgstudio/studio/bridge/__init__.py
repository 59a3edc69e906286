"""Where window and engine meet: a timer pulls, commands go back, and the window's state is kept.

Start with `bridge.py`.
"""
