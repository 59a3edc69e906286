"""Small widgets that stand by themselves and know nothing of the program: chips, rows, labels. Start with `chip.py`."""
