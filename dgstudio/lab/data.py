"""The data of the experiments: labelled feature vectors in three parts, from shipped data or a user's file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.extras.known import needs
from dgstudio.guard.files import read_regular
from dgstudio.guard.limits import TABLE_BYTES
from dgstudio.lab.synthetic_glyphs import SIDE, SIGNS, strokes
from dgstudio.paths import sample
from dgstudio.records import dataclass
from dgstudio.streams.features import SignalFeatures
from dgstudio.streams.recordings.source import RecordingSource
from dgstudio.streams.tables.npzfile import arrays_of
from dgstudio.types import F32, StreamSpec

SHIPPED = ("digits", "basicmotions", "strokes")
TEST_SHARE = 0.25
"""Of each class, where the data does not say what to test on."""
VALID_SHARE = 0.15
"""Of each class of the training part; of its takes, where there are takes."""
FEWEST = 4
"""Examples that a class needs at least, so that each part can get one."""
DIGITS_SIDE = 8

ARRAYS = ("X", "y", "X_test", "y_test", "class_names", "feature_names", "takes")
"""What is read of a user's file; the last three may be missing."""
TAKES = 3
"""Takes that each class needs at least, so that no take is in two parts."""

Labels = npt.NDArray[np.int64]
Part = Literal["train", "valid", "test"]


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Raw features (n, d) float32, before any normaliser, and class ids (n,) int64, in three parts. Read-only arrays.

    Class ids are places in `class_names`. Hyperparameters may be chosen on `valid`; `test` is only reported.

    Attributes
    ----------
    kind : "image" (square, pixels 0 to 16 by rows), "signal" (features of windows) or "table".
    windows : of a signal, the samples (n, window, channels) float32 behind each part's features; else None.
    spec : of a signal, the stream that they were cut from; else None.
    """

    name: str
    class_names: tuple[str, ...]
    feature_names: tuple[str, ...]
    X_train: F32
    y_train: Labels
    X_valid: F32
    y_valid: Labels
    X_test: F32
    y_test: Labels
    kind: Literal["image", "signal", "table"] = "table"
    windows: dict[Part, F32] | None = None
    spec: StreamSpec | None = None

    @property
    def classes(self) -> tuple[int, ...]:
        """All class ids."""
        return tuple(range(len(self.class_names)))

    def part(self, part: Part, classes: Sequence[int] | None = None) -> tuple[F32, Labels]:
        """Features and class ids of one part, of these classes only."""
        X: F32 = getattr(self, f"X_{part}")
        y: Labels = getattr(self, f"y_{part}")
        if classes is None:
            return X, y
        of_them = np.isin(y, classes)
        return X[of_them], y[of_them]

    def class_ids(self, named: Sequence[str]) -> tuple[int, ...]:
        """Ids of classes that a user named, by their names or, where names are not numbers, by their places.

        Raises
        ------
        BadInputError
            For a class that there is not, or one named twice.
        """
        numbers = all(name.lstrip("-").isdigit() for name in self.class_names)
        places = {name.casefold(): place for place, name in enumerate(self.class_names)}
        ids = []
        for name in named:
            place = places.get(name.strip().casefold())
            if place is None and not numbers and name.strip().isdigit() and int(name) < len(self.class_names):
                place = int(name)
            if place is None:
                raise BadInputError(f"{self.name} has no class “{name.strip()}”: it has {_listed(self.class_names)}.")
            ids.append(place)
        if len(set(ids)) < len(ids):
            raise BadInputError(f"A class is named twice in {','.join(named)}: name each once.")
        return tuple(ids)


def load(name_or_path: str | Path, seed: int = 0) -> Dataset:
    """Load data; the same seed gives the same split.

    Parameters
    ----------
    name_or_path
        "digits" (scikit-learn's 8×8 images), "basicmotions" (windows of the shipped recording; the parts never share
        a take), "strokes" (synthetic images in 784 features) or an NPZ file with X (n, d) and y (n,), and X_test and
        y_test where it says what to test on. What `dgstudio export --examples` writes is such a file; it names classes
        and features, and says which examples are of one take: where each class has three takes, the parts share none.
    seed
        Of the split into training, validation and, unless it is given, test.

    Raises
    ------
    BadInputError
        If there is no such data, or it cannot be used.
    """
    name = str(name_or_path)
    if name == "digits":
        return _digits(seed)
    if name in ("basicmotions", "basic_motions"):
        return _basicmotions(seed)
    if name == "strokes":
        return _strokes(seed)
    path = Path(name_or_path)
    if path.suffix.lower() != ".npz":
        raise BadInputError(f"There is no data “{name}”: choose {_listed(SHIPPED)}, or name an NPZ file with X and y.")
    return _from_file(path, seed)


# -- shipped data ------------------------------------------------------------------------------------------------


def _digits(seed: int) -> Dataset:
    images, y = _digit_arrays()
    names = tuple(f"row {i} column {j}" for i in range(DIGITS_SIDE) for j in range(DIGITS_SIDE))
    train, valid, test = _three_parts(y, seed)
    return _dataset("digits", tuple(map(str, range(10))), names, images, y, train, valid, test, kind="image")


def _strokes(seed: int) -> Dataset:
    images, y = strokes()
    names = tuple(f"row {i} column {j}" for i in range(SIDE) for j in range(SIDE))
    train, valid, test = _three_parts(y, seed)
    return _dataset("strokes", tuple(map(str, range(SIGNS))), names, images, y, train, valid, test, kind="image")


@cache
def _digit_arrays() -> tuple[F32, Labels]:
    try:
        from sklearn.datasets import load_digits  # slow to import
    except ImportError as error:
        raise DgstudioError(needs("The digits come with", "sklearn")) from error
    X, y = load_digits(return_X_y=True)
    return np.asarray(X, np.float32), np.asarray(y, np.int64)


def _basicmotions(seed: int) -> Dataset:
    spec, class_names, feature_names, windows, X, y, takes, in_test = _motions_arrays()
    held_out = np.flatnonzero(~in_test)
    class_of = {int(take): int(c) for take, c in zip(takes[held_out], y[held_out], strict=True)}
    numbers = np.asarray(sorted(class_of), np.int64)
    _, chosen = _stratified(np.asarray([class_of[int(take)] for take in numbers]), VALID_SHARE, seed)
    valid = held_out[np.isin(takes[held_out], numbers[chosen])]
    train = np.setdiff1d(held_out, valid)
    test = np.flatnonzero(in_test)
    return _dataset(
        "basicmotions",
        class_names,
        feature_names,
        X,
        y,
        train,
        valid,
        test,
        kind="signal",
        windows={"train": _kept(windows[train]), "valid": _kept(windows[valid]), "test": _kept(windows[test])},
        spec=spec,
    )


_Motions = tuple[StreamSpec, tuple[str, ...], tuple[str, ...], F32, F32, Labels, Labels, npt.NDArray[np.bool_]]


@cache
def _motions_arrays() -> _Motions:
    """All windows, one a hop, as in the studio: samples, features, classes, takes, and whether they are to test on."""
    source = RecordingSource(sample("basic_motions.csv"), speed=0, loop=False, labels_column="label")
    spec = source.spec
    class_names = tuple(spec.truth_names)
    windows, y, takes, in_test = [], [], [], []
    for number, take in enumerate(source.take_table()):
        values = source.values[take.start_row : take.start_row + take.n_rows]
        for end in range(spec.window, len(values) + 1, spec.hop):
            windows.append(values[end - spec.window : end])
            y.append(class_names.index(take.label))
            takes.append(number)
            in_test.append(take.split == "test")
    stacked = np.asarray(windows, np.float32)
    X = features_of(spec, stacked)
    names = SignalFeatures(spec).names
    return spec, class_names, names, stacked, X, np.asarray(y), np.asarray(takes), np.asarray(in_test)


def features_of(spec: StreamSpec, windows: F32) -> F32:
    """Features (n, d) of windows (n, window, channels) of a stream."""
    features = SignalFeatures(spec)
    return np.asarray([features(window) for window in windows], np.float32).reshape(len(windows), features.dim)


# -- a user's file -----------------------------------------------------------------------------------------------


def _from_file(path: Path, seed: int) -> Dataset:
    arrays = _read(path)
    X, y = _checked(path, arrays, "")
    values, ids = _classes(path, y)
    class_names = _names_of(values, arrays.get("class_names"))
    names = _texts(arrays.get("feature_names"))
    if len(names) != X.shape[1]:
        names = tuple(f"x{i}" for i in range(X.shape[1]))
    given = [name for name in ("X_test", "y_test") if name in arrays]
    if not given:
        train, valid, test = _parts_of(ids, arrays.get("takes"), seed)
        return _dataset(path.stem, class_names, names, X, ids, train, valid, test)
    if len(given) == 1:
        raise BadInputError(f"{path} has {given[0]} alone: give X_test and y_test together, or neither.")
    X_test, y_test = _checked(path, arrays, "_test")
    if X_test.shape[1] != X.shape[1]:
        raise BadInputError(f"In {path}, X has {X.shape[1]} columns and X_test {X_test.shape[1]}: make them equal.")
    places = {value: place for place, value in enumerate(values)}
    named = [str(value) for value in y_test.tolist()]
    unknown = sorted(set(named) - set(places))
    if unknown:
        raise BadInputError(f"In {path}, y_test has the class “{unknown[0]}”, which y never has.")
    train, valid = _stratified(ids, VALID_SHARE, seed)
    both = np.concatenate([X, X_test])
    classes = np.concatenate([ids, np.asarray([places[name] for name in named], np.int64)])
    return _dataset(path.stem, class_names, names, both, classes, train, valid, np.arange(len(X), len(both)))


def _read(path: Path) -> dict[str, npt.NDArray[Any]]:
    if not path.exists():
        raise BadInputError(f"There is no file {path}: check the name.")
    try:
        return arrays_of(path, read_regular(path, TABLE_BYTES), ARRAYS)
    except OSError as error:
        raise BadInputError(f"{path} cannot be read: {error.strerror or error}.") from error


def _checked(path: Path, arrays: dict[str, npt.NDArray[Any]], which: str) -> tuple[F32, npt.NDArray[Any]]:
    """X (n, d) float32 and y (n,) of a file; or a sentence about what is wrong with them."""
    X_name, y_name = f"X{which}", f"y{which}"
    for name in (X_name, y_name):
        if name not in arrays:
            raise BadInputError(f"{path} has no array {name}: give X (n, d) and y (n,).")
    X, y = arrays[X_name], arrays[y_name]
    if X.ndim != 2 or X.shape[1] == 0 or y.shape != (len(X),) or not len(X):
        raise BadInputError(
            f"In {path}, {X_name} has the shape {X.shape} and {y_name} {y.shape}: give (n, d) and (n,)."
        )
    if X.dtype.kind not in "fiub":
        raise BadInputError(f"In {path}, {X_name} holds {X.dtype}: give numbers.")
    with np.errstate(over="ignore"):
        X = X.astype(np.float32)
    if not np.isfinite(X).all():
        row = int(np.flatnonzero(~np.isfinite(X).all(1))[0])
        raise BadInputError(f"In {path}, row {row} of {X_name} holds a value that is not finite: leave it out.")
    whole = y.dtype.kind in "iubUS" or (y.dtype.kind == "f" and bool((y == np.round(y)).all()))
    if not whole:
        raise BadInputError(f"In {path}, {y_name} holds {y.dtype}: give whole numbers or texts, one class each.")
    if y.dtype.kind == "S":
        y = y.astype(np.str_)
    return X, y.astype(np.int64) if y.dtype.kind in "fub" else y


def _classes(path: Path, y: npt.NDArray[Any]) -> tuple[tuple[str, ...], Labels]:
    values, ids, counts = np.unique(y, return_inverse=True, return_counts=True)
    names = tuple(str(value) for value in values.tolist())
    if len(names) < 2:
        raise BadInputError(f"{path} has one class only: there is nothing to tell apart.")
    if counts.min() < FEWEST:
        fewest = names[int(counts.argmin())]
        raise BadInputError(
            f"In {path}, class “{fewest}” has {counts.min()} examples: give at least {FEWEST}, or leave it out."
        )
    return names, ids.astype(np.int64)


def _texts(array: npt.NDArray[Any] | None) -> tuple[str, ...]:
    """A list of texts; nothing of what is no such list."""
    return tuple(array.tolist()) if array is not None and array.ndim == 1 and array.dtype.kind == "U" else ()


def _names_of(values: tuple[str, ...], listed: npt.NDArray[Any] | None) -> tuple[str, ...]:
    """Names of the classes: where y holds places in a list of different names, those; else the values themselves."""
    names = _texts(listed)
    places = all(value.isdecimal() and int(value) < len(names) for value in values)
    return tuple(names[int(value)] for value in values) if places and len(set(names)) == len(names) else values


# -- splits ------------------------------------------------------------------------------------------------------

_Places = npt.NDArray[np.intp]


def _three_parts(y: Labels, seed: int) -> tuple[_Places, _Places, _Places]:
    """Places of training, validation and test examples."""
    rest, test = _stratified(y, TEST_SHARE, seed)
    train, valid = _stratified(y[rest], VALID_SHARE, seed + 1)
    return rest[train], rest[valid], test


def _parts_of(y: Labels, takes: npt.NDArray[Any] | None, seed: int) -> tuple[_Places, _Places, _Places]:
    """The same; no take is in two parts, where it is known what the takes are and each class has enough of them."""
    if takes is None or takes.shape != y.shape or takes.dtype.kind not in "iu":
        return _three_parts(y, seed)
    pairs, of_pair = np.unique(np.stack([takes.astype(np.int64), y], axis=1), axis=0, return_inverse=True)
    class_of = pairs[:, 1]
    if len(set(pairs[:, 0].tolist())) < len(pairs) or np.unique(class_of, return_counts=True)[1].min() < TAKES:
        return _three_parts(y, seed)
    train, valid, test = (np.flatnonzero(np.isin(of_pair.reshape(-1), part)) for part in _three_parts(class_of, seed))
    return train, valid, test


def _stratified(y: Labels, share: float, seed: int) -> tuple[_Places, _Places]:
    """Places of the larger and of the smaller part, ascending; of each class its share, at least one in each."""
    rng = np.random.default_rng(seed)
    smaller = []
    for class_id in np.unique(y):
        members = rng.permutation(np.flatnonzero(y == class_id))
        smaller.append(members[: max(1, round(share * len(members)))])
    chosen = np.sort(np.concatenate(smaller))
    return np.setdiff1d(np.arange(len(y)), chosen), chosen


def _dataset(
    name: str,
    class_names: tuple[str, ...],
    feature_names: tuple[str, ...],
    X: F32,
    y: Labels,
    train: _Places,
    valid: _Places,
    test: _Places,
    **more: Any,
) -> Dataset:
    parts: dict[str, Any] = {}
    for part, places in (("train", train), ("valid", valid), ("test", test)):
        parts[f"X_{part}"], parts[f"y_{part}"] = _kept(X[places]), _kept(y[places])
    return Dataset(name, class_names, feature_names, **parts, **more)


def _kept(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    array.flags.writeable = False
    return array


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
