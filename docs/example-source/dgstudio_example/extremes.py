"""The features: the least and the largest value of each channel in a window. `--features extremes`."""

import numpy as np

from dgstudio.streams.plugins.own_features import FeatureKind


class Extremes:
    def __init__(self, spec):
        self.names = tuple(f"{channel} {what}" for what in ("least", "largest") for channel in spec.channels)

    def __call__(self, window):
        return np.concatenate([window.min(axis=0), window.max(axis=0)])


KIND = FeatureKind("extremes", "The least and the largest value of each channel.", Extremes)
