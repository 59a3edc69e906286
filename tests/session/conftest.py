"""What the session tests share: small values of each kind, and a folder that an ordinary user may use."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np
import pytest

from dgstudio.session.file import Session
from dgstudio.session.format.checkpoint import Checkpoint
from dgstudio.types import ClassInfo, Example, Take

NOBODY = 65534


def _example(identity: int, class_id: int = 1, take_id: int = 1, dim: int = 8) -> Example:
    rng = np.random.default_rng(identity)
    features = rng.normal(size=dim).astype(np.float32)
    raw = rng.normal(size=(20, 3)).astype(np.float32)
    return Example(identity, class_id, take_id, features, identity / 10, identity / 10 + 1, identity % 2 == 0, raw)


def _checkpoint(version: int, size: int = 16, **changes: object) -> Checkpoint:
    rng = np.random.default_rng(version)
    arrays = {
        "base.theta": np.arange(size, dtype=np.float32),
        "bank0.w": rng.normal(size=size).astype(np.float32),
        "protected.features": np.ones((3, 4), np.float32),
    }
    values: dict[str, object] = {
        "version": version,
        "parent": version - 1,
        "digest": f"{version:04x}",
        "arrays": arrays,
        "meta": {"classes": [1, 2], "temperature": 1.0, "delta": float("inf")},
        "learned": np.arange(version, dtype=np.int64),
        "unix": 1e9 + version,
    }
    return Checkpoint(**{**values, **changes})  # type: ignore[arg-type]  # a dictionary of changes by name


@pytest.fixture
def make_example() -> Callable[..., Example]:
    return _example


@pytest.fixture
def make_checkpoint() -> Callable[..., Checkpoint]:
    return _checkpoint


@pytest.fixture
def filled() -> Callable[[Path, int], None]:
    """Makes a closed session with a class, a take, so many examples and two checkpoints."""

    def fill(path: Path, examples: int = 40) -> None:
        with Session.create(path) as session, session.batch():
            session.put_class(ClassInfo(1, "walk", "1", "#e69f00"))
            session.put_take(Take(1, 1, 0.0, 4.0, "simulator", "held", 1e9, examples))
            session.put_examples([_example(i) for i in range(1, examples + 1)])
            session.put_checkpoint(_checkpoint(1))
            session.put_checkpoint(_checkpoint(2))
            session.set_config("layout", {"panels": ["stream"]})

    return fill


@pytest.fixture
def as_user() -> Iterator[Callable[[], AbstractContextManager[None]]]:
    """A context in which file permissions count: the administrator's rights are laid down for its length."""

    @contextmanager
    def ordinary() -> Iterator[None]:
        if os.name == "nt" or os.geteuid() != 0:
            yield
            return
        os.seteuid(NOBODY)
        try:
            yield
        finally:
            os.seteuid(0)

    return ordinary


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user can enter; pytest's own is for its owner only."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        path.chmod(0o777)
        yield path
        path.chmod(0o777)
