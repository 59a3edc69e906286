"""What `dgstudio run` is made of: what it opens, what it shows. Start with `dgstudio/commands/run.py`."""
