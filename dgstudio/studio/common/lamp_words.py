"""How it stands with a source, in the colour and the few words of its lamp."""

from __future__ import annotations

from dgstudio.streams.condition import Lamp

LAMPS = {
    Lamp.WAITING: ("warning", "waiting …"),
    Lamp.RECEIVING: ("good", ""),
    Lamp.PAUSED: ("text_muted", "paused"),
    Lamp.WRONG: ("bad", "wrong input"),
    Lamp.LOST: ("warning", "silent"),
    Lamp.RETRYING: ("bad", "lost, retrying"),
    Lamp.ENDED: ("text_faint", Lamp.ENDED),
}
"""Lamp of the source → (colour of the dot, words beside it)."""
