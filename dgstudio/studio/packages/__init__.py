"""The offer to install packages that a feature needs."""
