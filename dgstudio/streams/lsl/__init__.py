"""LabStreamingLayer: streams of other programs and machines, their markers, and our answers. Start with `source.py`."""
