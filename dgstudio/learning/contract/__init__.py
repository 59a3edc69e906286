"""Protected inputs, the proof at every publish, the audit afterwards.

Start with `contract.py`.
"""
