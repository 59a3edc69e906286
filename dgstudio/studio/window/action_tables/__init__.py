"""What can be done in the window: a table of actions for each subject, with text, key, icon and when it is enabled.

Made by `main_window.py`, each from the `parts` that it needs. Start with `label_actions.py`.
"""
