"""Cameras and videos: whoever owns them is Qt's thread, and hands their frames to the source."""
