"""The description of a network: every key is checked, and errors name it."""

from pathlib import Path

import pytest

from described_network import described, written
from facepad.errors import SettingsError
from facepad.liveness.network.description import MAX_BYTES, read_description
from facepad.scores import AffineScaling
from facepad.types import OperatingPoint


def test_a_description_is_read_with_its_defaults(tmp_path: Path) -> None:
    found = described(tmp_path)
    assert found.model == tmp_path / "net.onnx"
    assert (found.input.layout, found.input.mean, found.input.std) == (
        "nchw",
        (0.0,) * 3,
        (1.0,) * 3,
    )
    assert (found.output.bona_fide, found.output.features) == (1, "")
    assert (found.scaling, found.point, found.decision) == (None, None, "")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"input__size": '"16"'}, r"input.size must be a whole number .* from 8 to 1024, got '16'"),
        ({"input__size": "true"}, r"input.size must be a whole number"),
        ({"input__crop": "11"}, r"input.crop must be a number from 0 to 10; 0 for .*, got 11"),
        ({"input__crop": "nan"}, r"input.crop must be a number"),
        ({"input__crop": "1" + 400 * "0"}, r"input.crop must be a number"),
        ({"input__colour": '"RGB"'}, r'one of "rgb", "bgr", "gray", got .RGB.'),
        ({"input__mean": "[0.5, 0.5]"}, r"input.mean must have 3 numbers, got 2"),
        ({"input__std": "0"}, r"input.std must be at least 1e-06"),
        ({"input__std": "1e-320"}, r"input.std must be at least 1e-06"),
        ({"model__file": r'"a\u0000b"'}, r"model.file must be the path of an ONNX file"),
        ({"input__mean": "[]"}, r"input.mean must be a number, or a list"),
        ({"output__bona_fide": '"left"'}, r'output.bona_fide must be an index, or "higher"'),
        ({"output__bona_fide": "-1"}, r"output.bona_fide must be an index"),
        ({"output__kind": '"softmax"'}, r'output.kind must be one of "logits", "probabilities"'),
        ({"model__sha256": '"abc"'}, r"model.sha256 must be 64 hexadecimal digits, got 'abc'"),
        ({"decision__slope": "0"}, r"decision.slope must be a number above 0"),
        ({"decision__low": "0.9"}, r"decision needs low <= threshold <= high, got 0.9, 0.5, 0.5"),
        ({"output__kind": None}, r'lacks output.kind: one of "logits", "probabilities"'),
        ({"input__color": '"rgb"'}, r"unknown key 'input.color'; did you mean input.colour\?"),
        ({"threshold": "0.5"}, r"unknown key 'threshold'; did you mean decision.threshold\?"),
        ({"input__mean": "[[1]]"}, r"input.mean must be a number, or a list"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named_with_what_was_expected(
    tmp_path: Path, changes: dict[str, str | None], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        described(tmp_path, **changes)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a = = b", "is no TOML"),
        (b"\xff\xfe", "is no text in UTF-8"),
        (b"#" * (MAX_BYTES + 1), f"is larger than {MAX_BYTES} bytes"),
        (b"model = 3", "unknown key 'model'"),
        (b"a = " + b"[" * 5000, "is no TOML"),
        (b"a = " + b"9" * 5000, "is no TOML"),
    ],
)
def test_a_file_that_is_no_description_is_an_error(
    tmp_path: Path, data: bytes, message: str
) -> None:
    file = tmp_path / "my.toml"
    file.write_bytes(data)
    with pytest.raises(SettingsError, match=message):
        read_description(file)


def test_a_missing_description_is_an_error_that_shows_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot be read: .*; expected .* network:FOLDER/my"):
        read_description(tmp_path / "my.toml")


def test_a_threshold_or_a_scaling_makes_an_operating_point(tmp_path: Path) -> None:
    alone = described(tmp_path, decision__threshold="0.7")
    scaled = described(tmp_path, decision__slope="2")
    assert (alone.scaling, alone.point) == (None, OperatingPoint("balanced", 0.7, 0.7, 0.7))
    assert (scaled.scaling, scaled.point) == (
        AffineScaling(2.0, 0.0), OperatingPoint("balanced", 0.5, 0.5, 0.5),
    )  # fmt: skip
    assert scaled.decision == "slope 2, bias 0, threshold 0.5 (0.5 to 0.5)"


def test_the_version_changes_with_what_moves_the_raw_logit_only(tmp_path: Path) -> None:
    usual = described(tmp_path).version
    told = described(tmp_path, title='"A"', notes='"b"', decision__threshold="0.7").version
    moved = [
        described(tmp_path, input__crop="1.3").version,
        described(tmp_path, input__mean="0.5").version,
        described(tmp_path, output__bona_fide="0").version,
        described(tmp_path, output__features='"features"').version,
        described(tmp_path, b"another").version,
    ]
    assert usual == told
    assert len({usual, *moved}) == 6
    assert usual.startswith("my-")


def test_a_gray_network_has_one_mean(tmp_path: Path) -> None:
    found = described(tmp_path, input__colour='"gray"', input__mean="[0.5]", input__layout='"nhwc"')
    assert (found.input.mean, found.input.shape) == ((0.5,), (16, 16, 1))


def test_the_path_of_the_network_is_relative_to_the_description(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    file = written(tmp_path, model__file='"../net.onnx"').rename(tmp_path / "a" / "my.toml")
    assert read_description(file).model.resolve() == tmp_path / "net.onnx"
