"""One small tree of errors."""

import pytest

from facepad import errors

EVERY_ERROR = [
    errors.InputError,
    errors.DatasetError,
    errors.ModelError,
    errors.SettingsError,
    errors.SessionError,
]


@pytest.mark.parametrize("error", EVERY_ERROR)
def test_every_error_is_a_facepad_error(error: type[Exception]) -> None:
    assert issubclass(error, errors.FacepadError)


def test_a_bad_input_is_also_a_value_error() -> None:
    assert issubclass(errors.InputError, ValueError)


@pytest.mark.parametrize("error", EVERY_ERROR)
def test_no_error_is_a_kind_of_another(error: type[Exception]) -> None:
    assert not any(issubclass(error, other) for other in EVERY_ERROR if other is not error)
