"""What proposes changes: the protocol of update rules, the papers' gradient rule, the conventional controls.

Start with `update_rule.py`.
"""
