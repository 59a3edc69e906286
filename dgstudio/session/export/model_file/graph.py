"""A snapshot as an ONNX graph: the same answer as the serving kernel's, with standard operators only.

It reads like `Plan.answer`: normaliser; gates, the k largest scores, of equals the lower index; the active units alone;
φ; then the banks in order, each open or not, speaking or not, the last one that speaks answers; at the end "unsure",
where nothing that was learned is near or no class leads.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dgstudio.errors import BadInputError
from dgstudio.model.plan import BANK_GAIN, UNKNOWN_LOGIT
from dgstudio.model.random_features import Features
from dgstudio.model.snapshot import CLIP, Bank, Base, Normaliser, Snapshot
from dgstudio.session.export.atomic_write import needed

OPSET = 18
"""The operators are those of this set: any runtime since 2023 has them."""
IR_VERSION = 8
"""The file format that came with that set; a newer one would shut older runtimes out."""
INPUT = "features"
OUTPUTS = ("logits", "probabilities", "top", "unsure")
NOBODY = -1
"""In place of a class id, where nothing below a bank answers."""

Array = npt.NDArray[Any]


def model_of(snapshot: Snapshot, feature_names: Sequence[str], metadata: Mapping[str, str]) -> Any:
    """The graph of a snapshot as an `onnx.ModelProto`, checked by onnx.

    Input `features` (n, d) float32, raw and finite, n ≥ 1. Outputs `logits` and `probabilities` (n, C) float32 over
    the living classes; `top` (n,) int64, a place in their list, −1 for no answer; `unsure` (n,) bool.

    Parameters
    ----------
    feature_names
        The d names of the columns.
    metadata
        Key → text, put into the model's properties.

    Raises
    ------
    BadInputError
        If the snapshot answers nothing yet.
    MissingLibraryError
        If onnx is not installed.
    """
    onnx = needed("onnx")
    if not snapshot.classes or (snapshot.base is None and not snapshot.banks):
        raise BadInputError(f"Version {snapshot.version} answers nothing yet: teach it a class before exporting it.")
    graph = _Graph(onnx)
    d, classes = len(feature_names), len(snapshot.classes)
    _answer(graph, snapshot)
    helper, kinds = onnx.helper, onnx.TensorProto
    inputs = [helper.make_tensor_value_info(INPUT, kinds.FLOAT, ["n", d])]
    shapes = ((kinds.FLOAT, ["n", classes]), (kinds.FLOAT, ["n", classes]), (kinds.INT64, ["n"]), (kinds.BOOL, ["n"]))
    outputs = [
        helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in zip(OUTPUTS, shapes, strict=True)
    ]
    made = helper.make_graph(graph.nodes, f"dgstudio_v{snapshot.version}", inputs, outputs, graph.initialisers)
    model = helper.make_model(
        made, producer_name="dgstudio", ir_version=IR_VERSION, opset_imports=[helper.make_opsetid("", OPSET)]
    )
    helper.set_model_props(model, {**metadata, "feature_names": json.dumps(list(feature_names), ensure_ascii=False)})
    onnx.checker.check_model(model, full_check=True)
    return model


class _Graph:
    """Nodes and constants that grow; every method returns the name of the value that it adds."""

    def __init__(self, onnx: Any) -> None:
        self._onnx = onnx
        self.nodes: list[Any] = []
        self.initialisers: list[Any] = []
        self._count = 0

    def constant(self, value: npt.ArrayLike, dtype: npt.DTypeLike = np.float32) -> str:
        """A stored array."""
        name = f"c{len(self.initialisers)}"
        self.initialisers.append(self._onnx.numpy_helper.from_array(np.ascontiguousarray(value, dtype), name))
        return name

    def __call__(self, operator: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """One operator with one output."""
        return self.several(operator, *inputs, outputs=(name,), **attributes)[0]

    def several(self, operator: str, *inputs: str, outputs: Sequence[str], **attributes: Any) -> list[str]:
        """One operator; outputs named "" get a name."""
        names = []
        for output in outputs:
            self._count += 1
            names.append(output or f"t{self._count}")
        self.nodes.append(self._onnx.helper.make_node(operator, list(inputs), names, **attributes))
        return names

    def product(self, x: str, A: Array) -> str:
        """(n, m) → (n, k): x Aᵀ for A (k, m)."""
        return self("MatMul", x, self.constant(A.T))

    def row(self, x: str) -> str:
        """(n,) → (n, 1)."""
        return self("Unsqueeze", x, self.constant([1], np.int64))

    def over_classes(self, operator: str, x: str) -> str:
        """(n, C) → (n,) by ReduceMax or ReduceSum."""
        return self(operator, x, self.constant([1], np.int64), keepdims=0)

    def first_largest(self, x: str) -> str:
        """(n, C) → (n,) int64: the place of the largest, of equals the first."""
        return self("ArgMax", x, axis=1, keepdims=0, select_last_index=0)

    def living(self, scores: str, living: Sequence[int], own: Sequence[int]) -> str:
        """(n, C_own) → (n, C): each living class' score, −30 where `own` does not have it."""
        if tuple(living) == tuple(own):
            return scores
        unknown = len(own)
        padded = self(
            "Pad", scores, self.constant([0, 0, 0, 1], np.int64), self.constant(UNKNOWN_LOGIT), mode="constant"
        )
        places = [own.index(c) if c in own else unknown for c in living]
        return self("Gather", padded, self.constant(places, np.int64), axis=1)

    def each(self, x: str, value: npt.ArrayLike, dtype: npt.DTypeLike) -> str:
        """One value for each row, as many rows as x has: (n,) or, of a list, (n, len)."""
        array = np.asarray(value, dtype)
        rows = self("Shape", x, start=0, end=1)
        shape = rows if array.ndim == 0 else self("Concat", rows, self.constant([array.size], np.int64), axis=0)
        return self("Expand", self.constant(array, dtype), shape)


class _AnswerSoFar:
    """What answers so far, row by row: logits (n, C), class id (n,), whether it knows a living class."""

    def __init__(self, logits: str, below: str, some: str) -> None:
        self.logits, self.below, self.some = logits, below, some


def _answer(graph: _Graph, snapshot: Snapshot) -> None:
    x = INPUT if snapshot.normaliser is None else _normalised(graph, snapshot.normaliser)
    living = snapshot.classes
    if snapshot.base is not None:
        base = snapshot.base
        scores = _base(graph, base, x)
        ids = graph.constant(base.classes, np.int64)
        state = _AnswerSoFar(
            logits=graph.living(scores, living, base.classes),
            below=graph("Gather", ids, graph.first_largest(scores)),
            some=graph.each(x, not set(living).isdisjoint(base.classes), np.bool_),
        )
    else:
        state = _AnswerSoFar(
            logits=graph.each(x, [UNKNOWN_LOGIT] * len(living), np.float32),
            below=graph.each(x, NOBODY, np.int64),
            some=graph.each(x, False, np.bool_),
        )
    if snapshot.banks:
        assert snapshot.phi is not None, "a snapshot with banks has the features that they read"
        z = _embedded(graph, snapshot.phi, x)
        opened = [_bank(graph, bank, living, z, state) for bank in snapshot.banks]
    else:
        opened = []
    logits = graph("Identity", state.logits, name="logits")
    graph("Softmax", graph("Div", logits, graph.constant(snapshot.temperature)), axis=1, name="probabilities")
    doubt = _doubt(graph, snapshot, x, logits, opened)
    unsure = graph("And", state.some, doubt, name="unsure")
    answered = graph("And", state.some, graph("Not", unsure))
    nobody = graph.constant(-1, np.int64)
    graph("Where", answered, graph.first_largest(logits), nobody, name="top")


def _normalised(graph: _Graph, normaliser: Normaliser) -> str:
    centred = graph("Sub", INPUT, graph.constant(normaliser.mean))
    scaled = graph("Div", centred, graph.constant(normaliser.scale))
    return graph("Clip", scaled, graph.constant(-CLIP), graph.constant(CLIP))


def _base(graph: _Graph, base: Base, x: str) -> str:
    """Logits (n, C₀) over the base's own classes: only the rows of active units are read."""
    seen = x if base.psi is None else graph.product(x, base.psi)
    s = graph("Add", graph.product(seen, base.theta), graph.constant(base.c))
    # ONNX says of TopK: of two equal values the one with the lower index comes first.
    k = graph.constant([base.k], np.int64)
    _, active = graph.several("TopK", s, k, outputs=("", ""), axis=1, largest=1, sorted=1)
    W1 = graph("Gather", graph.constant(base.W1), active)
    b1 = graph("Gather", graph.constant(base.b1), active)
    V = graph("Gather", graph.constant(base.V), active)
    products = graph("MatMul", W1, graph("Unsqueeze", x, graph.constant([2], np.int64)))
    flat = graph("Squeeze", products, graph.constant([2], np.int64))
    u = graph("Relu", graph("Add", flat, b1))
    terms = graph("Mul", V, graph("Unsqueeze", u, graph.constant([2], np.int64)))
    return graph("Add", graph.over_classes("ReduceSum", terms), graph.constant(base.b2))


def _embedded(graph: _Graph, phi: Features, x: str) -> str:
    """The features z (n, D + 1) that all banks read."""
    seen = x
    if phi.W1 is not None and phi.b1 is not None:
        u = graph("Relu", graph("Add", graph.product(x, phi.W1), graph.constant(phi.b1)))
        seen = graph("Concat", x, u, axis=1)
    # Full matrices, in radians: runtimes know no Walsh–Hadamard transform.
    omega = (phi.directions() * phi.gains() * math.tau).astype(np.float32)
    angles = graph("Add", graph.product(seen, omega), graph.constant(phi.turns() * math.tau))
    waves = graph("Mul", graph("Cos", angles), graph.constant(math.sqrt(2.0 / (phi.dim - 1))))
    return graph("Concat", waves, graph.each(x, [1.0], np.float32), axis=1)


def _square(graph: _Graph, x: str) -> str:
    return graph("ReduceSumSquare", x, graph.constant([1], np.int64), keepdims=0)


def _bank(graph: _Graph, bank: Bank, living: Sequence[int], z: str, state: _AnswerSoFar) -> str:
    """Let one bank override what answers so far, where it is open and speaks; gives where it is open, (n,)."""
    r = graph("Add", graph("Squeeze", graph.product(z, bank.w[None]), graph.constant([1], np.int64)), graph.constant(1))
    is_open = speaking = graph("Greater", r, graph.constant(bank.tau))
    t = graph.product(z, bank.R)
    ids = graph.constant(bank.classes, np.int64)
    if not math.isinf(bank.delta):
        # max over the others of t − t of the class below > −δ. A class that the bank does not have counts as 0; where
        # there are no others the maximum is −inf, and the bank has nothing to say.
        is_below = graph("Equal", graph.row(state.below), ids)
        others = graph("Where", is_below, graph.constant(-np.inf), t)
        of_below = graph("Where", is_below, t, graph.constant(0))
        lead = graph("Sub", graph.over_classes("ReduceMax", others), graph.over_classes("ReduceSum", of_below))
        differs = graph("Greater", lead, graph.constant(-bank.delta))
        alone = graph("Equal", state.below, graph.constant(NOBODY, np.int64))
        speaking = graph("And", speaking, graph("Or", differs, alone))
    mine = graph.living(graph("Mul", t, graph.constant(BANK_GAIN)), living, bank.classes)
    state.logits = graph("Where", graph.row(speaking), mine, state.logits)
    state.below = graph("Where", speaking, graph("Gather", ids, graph.first_largest(t)), state.below)
    # Runtimes have no Where of truth values.
    knows = not set(living).isdisjoint(bank.classes)
    state.some = graph("Or", state.some, speaking) if knows else graph("And", state.some, graph("Not", speaking))
    return is_open


def _doubt(graph: _Graph, snapshot: Snapshot, x: str, logits: str, opened: Sequence[str]) -> str:
    """Whether an answer would be unsure, (n,): no class leads, or nothing that is asked finds the input like itself."""
    known = snapshot.known
    if known is None:
        return graph.each(x, False, np.bool_)
    y = graph("Mul", x, graph.constant(known.weights))
    rows = known.rows()
    asked = graph.each(x, rows is not None, np.bool_)
    alike = graph.each(x, False, np.bool_) if rows is None else _near(graph, y, *rows)
    for bank, is_open in zip(snapshot.banks, opened, strict=True):
        asked = graph("Or", asked, is_open)
        own = is_open if bank.near is None else graph("And", is_open, _near(graph, y, bank.near, bank.reach))
        alike = graph("Or", alike, own)
    unlike = graph("And", asked, graph("Not", alike))
    if len(snapshot.classes) < 2:
        return unlike
    two = graph.several("TopK", logits, graph.constant([2], np.int64), outputs=("", ""), axis=1, largest=1, sorted=1)[0]
    lead = graph.over_classes("ReduceSum", graph("Mul", two, graph.constant([1, -1])))
    return graph("Or", unlike, graph("Less", lead, graph.constant(known.lead)))


def _near(graph: _Graph, y: str, near: Array, reach: Array | float) -> str:
    """Whether y (n, d) is within reach of one of the rows of `near` (K, d), (n,)."""
    offset = 0.5 * (np.square(near, dtype=np.float64).sum(1) - reach)
    ahead = graph.over_classes("ReduceMax", graph("Sub", graph.product(y, near), graph.constant(offset)))
    return graph("GreaterOrEqual", ahead, graph("Mul", _square(graph, y), graph.constant(0.5)))
