"""The main window: panels, bars, sheets and keys put together; all actions in one table.

Start with `main_window.py`.
"""
