"""What live panels paint with: layers that scroll, traces thinned to columns, ribbons, thumbnails.

No widgets and no state; knows the theme only. Start with `scrolling_layer.py`.
"""
