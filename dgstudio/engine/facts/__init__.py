"""What the engine says: events as facts with fields, and the sentence of each where it is shown."""
