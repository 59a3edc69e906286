"""What goes out: sinks that are handed every answer. Start with `sink.py` and `registry.py`."""
