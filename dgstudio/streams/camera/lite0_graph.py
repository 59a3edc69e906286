"""EfficientNet-Lite0 as an ONNX graph, from a picture to its embedding, for the runtime that computes it."""

from __future__ import annotations

from typing import Any

import numpy as np

from dgstudio.streams.camera.lite0_weights import Convolution, Lite0Weights

OPSET = 18
IR_VERSION = 8
INPUT = "picture"
MEAN, SCALE = 127.0, 128.0
"""What the network was trained with: (pixel − mean) / scale."""


def graph_of(weights: Lite0Weights, size: int, *, classify: bool = False) -> bytes:
    """The serialised graph: `picture` (size, size, 3) uint8, red green blue, to `embedding` (1280,) float32.

    Parameters
    ----------
    size
        Pixels that the picture is wide and high.
    classify
        Give `logits` (1000,) of ImageNet's classes as well: what the weights were trained for, to check them by.

    Raises
    ------
    ImportError
        Without the package onnx.
    """
    import onnx

    graph = _Graph(onnx)
    x = graph("Cast", INPUT, to=onnx.TensorProto.FLOAT)
    x = graph("Div", graph("Sub", x, graph.constant(np.float32(MEAN))), graph.constant(np.float32(SCALE)))
    x = graph("Unsqueeze", graph("Transpose", x, perm=[2, 0, 1]), graph.constant(np.array([0], np.int64)))
    for block in weights.blocks:
        before = x
        for layer in block.layers:
            x = graph.convolution(x, layer)
        if block.residual:
            x = graph("Add", x, before)
    x = graph("GlobalAveragePool", x)
    graph("Reshape", x, graph.constant(np.array([-1], np.int64)), name="embedding")
    outputs = [("embedding", weights.classifier.shape[1])]
    if classify:
        product = graph("MatMul", graph.constant(weights.classifier), "embedding")
        graph("Add", product, graph.constant(weights.classifier_biases), name="logits")
        outputs.append(("logits", weights.classifier.shape[0]))
    helper, kinds = onnx.helper, onnx.TensorProto
    made = helper.make_graph(
        graph.nodes,
        "efficientnet_lite0",
        [helper.make_tensor_value_info(INPUT, kinds.UINT8, [size, size, 3])],
        [helper.make_tensor_value_info(name, kinds.FLOAT, [length]) for name, length in outputs],
        graph.initialisers,
    )
    model = helper.make_model(
        made, producer_name="dgstudio", ir_version=IR_VERSION, opset_imports=[helper.make_opsetid("", OPSET)]
    )
    content: bytes = model.SerializeToString()
    return content


class _Graph:
    """Nodes and constants that grow; every method returns the name of the value that it adds."""

    def __init__(self, onnx: Any) -> None:
        self._onnx = onnx
        self.nodes: list[Any] = []
        self.initialisers: list[Any] = []

    def constant(self, value: Any) -> str:
        """A stored array."""
        name = f"c{len(self.initialisers)}"
        self.initialisers.append(self._onnx.numpy_helper.from_array(np.asarray(value), name))
        return name

    def __call__(self, operator: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """One operator with one output."""
        name = name or f"t{len(self.nodes)}"
        self.nodes.append(self._onnx.helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def convolution(self, x: str, layer: Convolution) -> str:
        """A convolution, padded as TensorFlow does: what is odd goes to the right and to the bottom."""
        kernel = layer.weights.shape[2]
        x = self(
            "Conv",
            x,
            self.constant(layer.weights),
            self.constant(layer.biases),
            kernel_shape=[kernel, kernel],
            strides=[layer.stride, layer.stride],
            group=layer.groups,
            auto_pad="SAME_UPPER",
        )
        if not layer.bounded:
            return x
        return self("Clip", x, self.constant(np.float32(0)), self.constant(np.float32(6)))
