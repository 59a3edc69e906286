"""How an engine begins, goes on with a session, and what is taken along from it.

Start with `resume.py`.
"""
