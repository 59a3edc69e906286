"""When samples came, and when they should have: arrivals, even times, the clock of what is played back.

Start with `arrivals.py`.
"""
