"""The Stability panel: what each publish changed, what it provably did not, the twin beside it."""
