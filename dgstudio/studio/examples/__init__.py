"""The example browser: table, thumbnails and map of what was labelled, filters, undo history."""
