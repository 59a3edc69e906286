"""Pictures that are taken of the window: stills, and its last seconds. Start with `picture_taking.py`."""
