"""What holds for all tests of the MXNet layer."""

import pytest

import xpgrad.mxnet as mx


@pytest.fixture(autouse=True)
def style():
    """Every test begins in MXNet 1's style, with the same random numbers."""
    mx.random.seed(1)
    yield
    mx.npx.reset_np()
