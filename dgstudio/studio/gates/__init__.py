"""The Gates panel: the map of units, cells of examples, rows of banks, the raster over time."""
