"""The switch interval is short while any engine runs, and what it was before once the last has ended."""

import sys

from dgstudio.engine.runtime import switch_interval


def test_the_last_engine_gives_back_what_was_there_before_the_first():
    before = sys.getswitchinterval()
    switch_interval.shorten()
    switch_interval.shorten()
    switch_interval.restore()
    assert sys.getswitchinterval() == switch_interval.SWITCH_INTERVAL_S
    switch_interval.restore()
    assert sys.getswitchinterval() == before
