"""Lines of numbers from a microcontroller on a serial port. Start with `source.py`; docs/serial.md has a sketch."""
