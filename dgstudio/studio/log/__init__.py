"""The log: everything that the engine and the learner said."""
