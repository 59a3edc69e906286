"""What is measured of the window as people see it: whether every screen is whole, with a picture of each.

Start with `screens.py`; `worlds.py` are the sessions that are looked at, `scenes.py` what is opened in each.
"""
