"""Panels as docks: where each stands, how the room is shared out, layouts by name."""
