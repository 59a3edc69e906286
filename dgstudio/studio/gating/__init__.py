"""Views of the whole gating: who fires for what, how alike classes route, what units do and cost, what is new."""
