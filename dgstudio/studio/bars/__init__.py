"""The bars at the window's upper and lower edge: what stands in them, and how it fits."""
