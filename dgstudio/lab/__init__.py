"""What is measured: experiments and their rivals, and how the shipped bases are made. Knows no window.

Start with `experiment.py`, then any file of `experiments/`.
"""
