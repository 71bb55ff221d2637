"""Write the description of a network from its file; what the file does not hold is marked."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from facepad.errors import ModelError, printable
from facepad.liveness.network.description import CHANNELS
from facepad.models.index import digest, read_bytes
from facepad.models.onnx_file import MAX_BYTES, check_network
from facepad.models.session import open_session

_SIZE = 224  # where the network takes any
_TEMPLATE = """\
# How facepad uses this network; what was guessed is marked with a question mark.
# Then: facepad network verify {toml} --pictures FOLDER
title = ""
licence = ""

[model]
file = {file}
sha256 = "{sha256}"

{inputs}
[input]
name = {input}
size = {size}
crop = 1.0        # ? side of the square relative to the face's box; 0 for the whole frame
colour = "{colour}"    # ? rgb, bgr or gray
layout = "{layout}"
range = "0..1"    # ? 0..1 or 0..255, before mean and std
mean = 0.0        # ? a number, or one for each channel
std = 1.0         # ?

{outputs}
[output]
name = {output}
kind = "logits"   # ? logits or probabilities
bona_fide = {bona_fide}     # ? index of bona fide; "higher" or "lower" for a single number
# features = "NAME"  # an output that describes the picture, compared by a calibration

# A threshold or a scaling, where you have one; without, calibrate the camera.
# [decision]
# slope = 1.0
# bias = 0.0
# threshold = 0.5
"""


def template(model: Path, folder: Path) -> str:
    """Return the description of a network file, to be completed by hand.

    Args:
        model: The network in ONNX.
        folder: Where the description will lie; the path of the network is relative to it.

    Raises:
        ModelError: The file is no network that can be used; see
            `facepad.models.onnx_file.check_network`.
    """
    data = read_bytes(model, MAX_BYTES)
    check_network(data, str(model))
    session = open_session(data, 1, str(model))
    inputs, outputs = session.get_inputs(), session.get_outputs()
    picture = next((one for one in inputs if len(one.shape) == 4), None)
    if picture is None or len(inputs) > 1:
        raise ModelError(
            f"{model} has the inputs {', '.join(map(_shown, inputs))}, expected one picture: "
            "batch, channels, height and width"
        )
    channels, size, layout = _reading(picture.shape)
    classes = outputs[0].shape[-1] if len(outputs[0].shape) > 1 else 1
    if any("\ud800" <= one <= "\udfff" for one in str(model)):
        raise ModelError(f"{printable(str(model))}: the name is not in UTF-8; rename the file")
    path = model.absolute()
    near = path.relative_to(folder.absolute()) if path.is_relative_to(folder.absolute()) else path
    return _TEMPLATE.format(
        toml=printable(f"{model.stem}.toml"),
        file=_quoted(near.as_posix()),
        sha256=digest(data),
        inputs=f"# input: {_shown(picture)}",
        input=_quoted(picture.name),
        size=size,
        colour="gray" if channels == CHANNELS["gray"] else "rgb",
        layout=layout,
        outputs="\n".join(f"# output: {_shown(one)}" for one in outputs),
        output=_quoted(outputs[0].name),
        bona_fide='"higher"' if classes == 1 else 1,
    )


def _reading(shape: Sequence[int | str]) -> tuple[int, int, str]:
    """Return channels, size and layout of the shape of a picture, as far as it says so."""
    known = set(CHANNELS.values())
    is_last = shape[3] in known and shape[1] not in known
    channels, size = (shape[3], shape[1]) if is_last else (shape[1], shape[2])
    return (
        channels if isinstance(channels, int) else CHANNELS["rgb"],
        size if isinstance(size, int) else _SIZE,
        "nhwc" if is_last else "nchw",
    )


def _quoted(text: str) -> str:
    """Return a text as TOML has it, which knows no pairs of surrogates."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _shown(tensor: Any) -> str:  # noqa: ANN401 - onnxruntime's own type
    sizes = "x".join(str(one) if isinstance(one, int) else "?" for one in tensor.shape)
    return printable(f"{tensor.name} {sizes} {tensor.type}")
