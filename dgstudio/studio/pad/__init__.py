"""The pad: where a pointer is moved, over a map of what the model says at each place. Start with `pointer_pad.py`."""
