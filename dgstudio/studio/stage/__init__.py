"""What an audience sees: each model's answers as one half of a comparison, the story in a sentence, the stage of F5.

May import what the window's features share (common, painting, bridge, theme) and other features' panels; the window
assembles it. Start with `half.py`, one half of a comparison, and `stage_view.py`, the layout of a presentation.
"""
