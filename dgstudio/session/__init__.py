"""What is kept: the session file, checkpoints, and how a file is opened, migrated or salvaged."""
