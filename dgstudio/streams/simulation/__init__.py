"""The simulated motion sensor: gestures, and the stream that is made of them. Start with `simulator.py`."""
