"""Files of rows as people have them: CSV and NPZ, with what is wrong in them. Start with `table.py`."""
