"""A phone as the sensor, by way of apps that send OSC. Start with `source.py`; docs/phone.md says which apps."""
