"""The plane that a pointer moves on, and what the model would say at each place of it."""
