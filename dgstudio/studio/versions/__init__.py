"""The Snapshots panel: the timeline of versions and what can be done with one."""
