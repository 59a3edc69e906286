"""What somebody sees who chooses a source: what there is, and what comes from it, before it is taken."""
