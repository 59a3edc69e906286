"""Guided demos: a script of captions and deeds that the real program performs, by its own actions, and checks.

May import what the window's features share and `classes`; the window assembles it. Start with `script.py`, what a
demo is, then `player.py`, which plays one, and `assets/demos/`, those that ship.
"""
