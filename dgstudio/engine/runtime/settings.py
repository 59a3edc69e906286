"""How an engine runs."""

from __future__ import annotations

from dgstudio.records import dataclass


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How an engine runs. Seconds are of wall time unless they say stream time.

    `lossless` makes the source wait for serving, and serving for the learner where labels come with the stream: the
    run is then repeatable, and as fast as the machine allows. `learn_every_s` is in stream time.
    """

    lossless: bool = False
    every_hop: bool = False
    """Make the source wait for serving, and serving for the outputs, so that no hop is left out at any speed."""
    publish_hz: float = 10.0
    learn_every_s: float = 0.1
    reaction_s: float = 0.15
    tap_s: float = 0.5
    hold_s: float = 0.25
    buffer_s: float = 90.0
    """Stream seconds kept in the sample ring."""
    feed_labels: bool = False
    """Feed the stream's own labels to the learner (prequential evaluation)."""
    label_delay_s: float = 0.0
