"""The sheet that imports files and sessions."""
