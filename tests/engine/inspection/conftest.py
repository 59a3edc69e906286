"""The small bases of the learning tests."""

from __future__ import annotations

import pytest
from learning.conftest import make_base

from dgstudio.model.base_model_file import BaseModel


@pytest.fixture(scope="session")
def base() -> BaseModel:
    return make_base()


@pytest.fixture(scope="session")
def small() -> BaseModel:
    return make_base(protected=24, features=64)
