"""Pictures to take along: stills on the light theme, and the last seconds as they moved."""
