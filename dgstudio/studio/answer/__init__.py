"""The Answer panel: the top class, where the answer comes from, all classes as bars."""
