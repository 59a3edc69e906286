"""What a station does with OSC: packets a second, what it loses, how quickly it answers, and whether it grows.

Station and sender are processes of their own, over loopback, as an installation has them.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from dgstudio.bench.streams.station_process import StationProcess

STEADY_HZ = 1000.0
"""At this rate nothing may be lost."""
FAST_HZ = 2500.0
"""What is sent to see how many a second are answered."""
GROWTH_HZ = 200.0
SETTLED = 1 / 3
"""The share of the time after which nothing more may grow: buffers are full by then."""
LOOK_S = 1.0


def osc_figures(seconds: float) -> dict[str, Any]:
    """Return packets answered a second, those lost at a thousand, and round trips; each is measured for `seconds`."""
    with StationProcess() as station:
        steady = station.send("pace", STEADY_HZ, seconds)
        fast = station.send("pace", FAST_HZ, seconds)
        pings = station.send("pings", seconds)
    return {
        "packets_per_s": fast["answered"] / fast["seconds"],
        "sent_per_s": fast["sent"] / fast["seconds"],
        "lost": int(steady["sent"] - steady["answered"]),
        "steady_per_s": steady["answered"] / steady["seconds"],
        "roundtrip_p50_ms": pings["p50_ms"],
        "roundtrip_p99_ms": pings["p99_ms"],
        "roundtrip_lost": int(pings["lost"]),
    }


def growth_figures(seconds: float) -> dict[str, Any]:
    """Let inputs come for so many seconds and see by how much the station's memory grows once it has settled."""
    with StationProcess() as station:
        station.send("pace", GROWTH_HZ, seconds, beside=True)
        begin, looks = time.monotonic(), list[tuple[float, float]]()
        while (passed := time.monotonic() - begin) < seconds:
            looks.append((passed, station.rss_mb))
            time.sleep(LOOK_S)
    settled = np.array([look for look in looks if look[0] >= SETTLED * seconds])
    slope = float(np.polyfit(settled[:, 0], settled[:, 1], 1)[0]) if len(settled) > 2 else 0.0
    return {
        "rss_growth_mb_per_hour": slope * 3600.0,
        "rss_start_mb": float(settled[0, 1]),
        "rss_end_mb": float(settled[-1, 1]),
        "rss_seconds": seconds,
    }
