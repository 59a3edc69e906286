"""How an answer is computed, to the last bit: one C page, the same in numpy, and the library that is loaded.

`docs/kernel.md` is the specification. `kernel.c` does it fast, `reference.py` says it in numpy and is equal to it in
every byte; `parts.py` lays out the arrays that both read, `library.py` loads what `build.py` compiled. Knows nothing of
snapshots or learning, and may import only `types` and `errors`. Start with `reference.py`.
"""

SPECIFICATION = 4
"""Which arithmetic this is. Raise it, here and in kernel.h, with every change that moves a bit of an answer."""

KERNEL = f"dg{SPECIFICATION}"
"""The kernel's name: answers are compared bit for bit between equal names, whatever compiled or ran them."""
