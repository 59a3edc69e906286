"""Open Sound Control: how packets are taken in and sent. Start with `source.py`; docs/osc.md says what is spoken."""
