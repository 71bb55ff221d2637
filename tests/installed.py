"""Marks for tests that need what is not always installed; the import is left to the tests."""

from importlib.util import find_spec

import pytest

needs_scikit_learn = pytest.mark.skipif(
    find_spec("sklearn") is None,
    reason="training needs scikit-learn: pip install 'facepad[fit]'",
)
