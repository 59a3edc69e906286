"""Files of labelled data that are read to be imported: tables with what is wrong with which line."""
