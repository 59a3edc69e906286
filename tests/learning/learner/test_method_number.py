"""The number of the method holds what is learned: with it and the kernel the same, every bit must be.

After a change that is meant to move bits: raise `METHOD`, then write the stored answers anew by
`python tests/learning/learner/test_method_number.py`, at home on one BLAS thread.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import safetensors
import safetensors.numpy

from dgstudio import paths
from dgstudio.learning.bank.locked_bank import METHOD
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.learner.reproduce import learning_kernel
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.snapshot import Snapshot
from dgstudio.types import Example

Arrays = dict[str, np.ndarray]

GOLDEN = Path(__file__).with_name("method_number.safetensors")
SHOWN = 512
"""Values of each array that are stored, evenly spaced: for a kernel that gives other bits."""
NEAR = 1e-4
"""How far apart, against an array's largest value, those of two kernels may lie."""


def examples_of(rng: random.Random, class_id: int, centre: np.ndarray, spread: np.ndarray, first: int, count: int):
    """Inputs around a centre. Python promises `random()`'s numbers for good, numpy does not promise its own."""
    for i in range(first, first + count):
        noise = np.array([rng.random() - 0.5 for _ in centre], np.float64)
        yield Example(i, class_id, class_id, (centre + spread * noise).astype(np.float32), i / 10, i / 10 + 1)


def bank_of(head: Snapshot, name: str) -> Arrays:
    bank = head.banks[-1]
    parts = {"w": bank.w, "R": bank.R, "near": bank.near, "reach": np.float32([bank.reach])}
    return {f"{name}.{part}": value for part, value in parts.items()}


def on_a_base() -> Arrays:
    """New classes beside protected inputs, so that the router is projected; a right label and a slip; a seal; more."""
    base, rng = BaseModel.load(paths.asset("bases/simulator.safetensors")), random.Random(16367)
    learner, far = Learner.begin(base), 3.0 * base.normaliser.scale
    near, away = base.protected[0].astype(np.float64), base.protected[1] + far
    learner.absorb([*examples_of(rng, 100, near, far / 2, 0, 12), *examples_of(rng, 101, away, far, 12, 5)])
    right = int(base.protected_labels[0])
    learner.absorb(list(examples_of(rng, right, near, far / 12, 29, 1)))
    learner.absorb(list(examples_of(rng, base.classes[right == base.classes[0]], near, far / 4, 17, 1)))
    assert learner.step().kind == "learned"
    found = bank_of(learner.store.head, "first")
    assert learner.seal_and_protect().kind == "protected"
    learner.absorb(list(examples_of(rng, 102, base.protected[2], far, 18, 9)))
    learner.absorb(list(examples_of(rng, 100, away - far / 2, far, 27, 2)))
    assert learner.step().kind == "learned"
    found |= bank_of(learner.store.head, "second")
    sums = learner.training.sums
    return found | {"sums.A0": sums.A0, "sums.B0": sums.B0, "sums.b_r": sums.b_r}


def from_nothing() -> Arrays:
    """Enough of three classes that the labels are asked which features matter."""
    rng, learner = random.Random(13546), Learner.begin(None)
    for class_id in range(3):
        centre = np.array([rng.random() for _ in range(12)])
        learner.absorb(list(examples_of(rng, class_id, centre, np.ones(12), 14 * class_id, 14)))
    assert learner.step().kind == "learned"
    head = learner.store.head
    fitted = {"mean": head.normaliser.mean, "scale": head.normaliser.scale, "gain": head.phi.gain}
    return bank_of(head, "nothing") | {f"nothing.{name}": value for name, value in fitted.items()}


def learned() -> Arrays:
    return {name: np.ascontiguousarray(value, np.float32) for name, value in (on_a_base() | from_nothing()).items()}


def digest_of(arrays: Arrays) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name, value in sorted(arrays.items()):
        digest.update(f"{name} {value.shape}".encode() + value.astype("<f4").tobytes())
    return digest.hexdigest()


def shown(arrays: Arrays) -> Iterator[tuple[str, np.ndarray]]:
    for name, value in arrays.items():
        yield name, value.reshape(-1)[np.linspace(0, value.size - 1, min(value.size, SHOWN)).round().astype(int)]


@pytest.fixture(scope="module")
def arrays() -> Arrays:
    return learned()


@pytest.fixture(scope="module")
def golden() -> tuple[dict[str, str], Arrays]:
    with safetensors.safe_open(GOLDEN, "np") as file:
        return file.metadata(), {name: file.get_tensor(name) for name in sorted(file.keys())}


def test_the_same_method_and_kernel_learn_the_same_bits(arrays: Arrays, golden: tuple[dict[str, str], Arrays]) -> None:
    meta, _ = golden
    assert f" method-{METHOD}" in learning_kernel()
    assert meta["method"] == str(METHOD), "METHOD was raised: write the stored answers anew"
    if meta["kernel"] != learning_kernel():
        pytest.skip(f"stored by another kernel: {meta['kernel']}; this is {learning_kernel()}")
    assert digest_of(arrays) == meta["digest"], "what is learned has moved: raise METHOD, and write the answers anew"


def test_any_kernel_learns_nearly_the_same(arrays: Arrays, golden: tuple[dict[str, str], Arrays]) -> None:
    _, values = golden
    now = dict(shown(arrays))
    assert now.keys() == values.keys()
    for name, stored in values.items():
        np.testing.assert_allclose(now[name], stored, rtol=NEAR, atol=NEAR * np.abs(stored).max(), err_msg=name)


def main() -> None:
    """Write the stored answers anew."""
    arrays = learned()
    meta = {"kernel": learning_kernel(), "method": str(METHOD), "digest": digest_of(arrays)}
    safetensors.numpy.save_file(dict(shown(arrays)), GOLDEN, meta)


if __name__ == "__main__":
    main()
