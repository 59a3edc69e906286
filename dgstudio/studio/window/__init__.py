"""The main window: panels, bars, sheets and keys put together, and the tables of what can be done.

Start with `main_window.py`, which makes the parts and gives each what it needs.
"""
