"""The tests in this folder run where CuPy finds a GPU, and say what is missing where not."""

import pytest

import xpgrad
from xpgrad.errors import DeviceError, LibraryMissingError


@pytest.fixture(scope="session")
def xp():
    """The namespace over CuPy."""
    try:
        xp = xpgrad.namespace("cupy")
        xp.zeros(1)
    except (DeviceError, LibraryMissingError) as error:
        pytest.skip(f"no GPU: {error}")
    return xp


@pytest.fixture(scope="session")
def cupy(xp):
    """CuPy itself."""
    return pytest.importorskip("cupy")
