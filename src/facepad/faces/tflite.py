"""TFLite networks that several threads may use: each thread has its own copy."""

import threading

import numpy as np
from numpy.typing import NDArray

from facepad.errors import ModelError
from facepad.models import store
from facepad.opencv import cv2

FloatArray = NDArray[np.float32]


class Net:
    """One TFLite network of the model store, loaded when it is first run.

    An OpenCV network keeps its input between two calls, so it cannot be shared. What is
    shared is the file's content: read and hashed once.

    Args:
        name: Name of the model file.
        outputs: Names of its outputs.
    """

    def __init__(self, name: str, outputs: tuple[str, ...]) -> None:
        self.name = name
        self.outputs = outputs
        self._lock = threading.Lock()
        self._content: NDArray[np.uint8] | None = None
        self._own = threading.local()

    def run(self, blob: FloatArray) -> list[FloatArray]:
        """Run the network.

        Args:
            blob: Input, shape (1, 3, H, W).

        Returns:
            All outputs. Their order depends on the version of OpenCV.

        Raises:
            ModelError: The file is missing, has the wrong hash or cannot be read by OpenCV.
        """
        net, known = self._loaded()
        net.setInput(blob)
        if len(known) == len(self.outputs):
            return [np.asarray(output, np.float32) for output in net.forward(known)]
        # OpenCV 5.0 lists only the last output, and gives each other one by a run of its own.
        return [np.array(net.forward(name), np.float32) for name in self.outputs]

    def _loaded(self) -> tuple[cv2.dnn.Net, tuple[str, ...]]:
        if not hasattr(self._own, "net"):
            try:
                self._own.net = cv2.dnn.readNetFromTFLite(self._bytes())
            except cv2.error as error:
                raise ModelError(
                    f"OpenCV {cv2.__version__} cannot read model {self.name!r}: {error.err}"
                ) from error
            self._own.known = tuple(self._own.net.getUnconnectedOutLayersNames())
        return self._own.net, self._own.known

    def _bytes(self) -> NDArray[np.uint8]:
        with self._lock:
            if self._content is None:
                self._content = np.frombuffer(store.load_bytes(self.name), np.uint8)
            return self._content


def by_size(outputs: list[FloatArray], sizes: tuple[int, ...], name: str) -> list[FloatArray]:
    """Return a network's outputs in the order of known sizes.

    Raises:
        ModelError: The outputs are not of these sizes.
    """
    by_number = {output.size: output for output in outputs}
    if set(by_number) != set(sizes):
        raise ModelError(
            f"model {name!r} gives outputs of {sorted(by_number)} numbers, expected {sorted(sizes)}"
        )
    return [by_number[size] for size in sizes]
