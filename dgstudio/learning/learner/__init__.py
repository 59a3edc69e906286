"""The learner: it takes labels, lets a rule propose, proves, publishes, seals, unlearns and consolidates.

Uses `bank/`, `contract/` and `rules/`. Start with `learner.py`.
"""
