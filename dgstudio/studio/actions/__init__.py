"""What can be done in the window: the registry of actions, the command palette, the list of shortcuts."""
