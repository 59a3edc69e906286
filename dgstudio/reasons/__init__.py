"""Facts with fields, and the words for each where it is shown.

Why a version was published (`published.py`) or not (`refused.py`), and what an act did (`done.py`): these are kept in
session files (`stored.py`). What is to be known of a file (`noted.py`), and what is wrong with its lines
(`wrong_lines.py`). The lowest layer, of the standard library only. Start with `reason.py`.
"""
