"""The sheet by which a source is chosen: what there is, what comes from it, and what happens when it is taken."""
