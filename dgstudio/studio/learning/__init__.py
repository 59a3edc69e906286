"""Sheets about learning: settings, what is protected, another model that waits for a word."""
