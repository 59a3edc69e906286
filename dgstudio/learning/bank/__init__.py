"""The locked bank: a learning bank solved in closed form and kept closed on every protected input.

Uses the model only. Start with `locked_bank.py`.
"""
