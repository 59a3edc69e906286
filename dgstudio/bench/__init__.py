"""What measures the product: speed, labelling in long sessions, kills, recorded growth, the proof run.

It may use everything; only the command line uses it. Start with `live.py`.
"""
