"""How a model changes without disturbing what is protected. Session and engine stand on it; it knows no streams.

Start with `bank/locked_bank.py`, the page of the method. `contract/` holds what must not move, `rules/` the update
rules and the conventional controls, `learner/` ties them together.
"""
