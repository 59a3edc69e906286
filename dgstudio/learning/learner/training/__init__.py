"""What the learner holds and how it changes: examples, sums, protection, forgetting, sealing.

Start with `training_state.py`; knows no publishing.
"""
