"""What a demo says is true, asked of the run: conditions of a script, the facts they name, what came of each.

Start with `conditions.py`.
"""
