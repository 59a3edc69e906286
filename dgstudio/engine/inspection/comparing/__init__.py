"""Two versions: by one input, by many, by their weights, and who changed what. Start with `comparison.py`."""
