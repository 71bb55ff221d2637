"""Networks in ONNX: opened by name, hash verified, with a fixed number of threads.

What is loaded of a network is shared by all that have it open in one process: tests of one
checker that see with the same backbone read, hash and prepare it once.
"""

import os
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from facepad.errors import ModelError
from facepad.models import store
from facepad.runtime import disable_telemetry

Tensors = Mapping[str, NDArray[Any]]


class Network:
    """A network that is ready to run; safe to share between threads.

    Networks of one unchanged file with as many threads have one session in a process, which
    goes with the last of them. Their runs side by side share its threads.

    Args:
        name: Name of a model file in `facepad.models.store`.
        threads: Number of threads of one run. Two thread pools on the same cores are much
            slower than one.

    Raises:
        ModelError: Unknown name, missing file, wrong hash, or no network that can be run.
    """

    def __init__(self, name: str, threads: int = 1) -> None:
        self.name = name
        self._session = _sessions.of(name, threads)
        self.inputs: tuple[str, ...] = tuple(one.name for one in self._session.get_inputs())
        self.outputs: tuple[str, ...] = tuple(o.name for o in self._session.get_outputs())

    @property
    def version(self) -> str:
        """Version of the model file."""
        return store.version(self.name)

    def run(self, inputs: Tensors, outputs: Sequence[str]) -> list[NDArray[np.float32]]:
        """Return the outputs with these names, in this order.

        Raises:
            ModelError: The network has no such output, or the inputs do not fit it.
        """
        missing = [name for name in outputs if name not in self.outputs]
        if missing:
            raise ModelError(
                f"model {self.name!r} has no output {', '.join(missing)}; "
                f"it has {', '.join(self.outputs)}"
            )
        try:
            results: list[NDArray[np.float32]] = self._session.run(list(outputs), dict(inputs))
        except run_failures() as error:
            raise ModelError(f"model {self.name!r} cannot be run: {error}") from error
        return results


class _Sessions:
    """The sessions that a network uses now, by what they were made of."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._open: WeakValueDictionary[tuple[object, ...], Any] = WeakValueDictionary()

    def of(self, name: str, threads: int) -> Any:  # noqa: ANN401 - onnxruntime's own type
        """Return the session of a network, opened unless another network has it open.

        Raises:
            ModelError: As for `Network`.
        """
        with self._lock:
            # A forked process has no threads of its parent's sessions: it opens its own.
            key = (os.getpid(), threads, store.identity(name))
            session = self._open.get(key)
            if session is None:
                self._open[key] = session = _opened(name, threads)
            return session


_sessions = _Sessions()


def _opened(name: str, threads: int) -> Any:  # noqa: ANN401 - onnxruntime's own type
    return open_session(store.load_bytes(name), threads, f"model {name!r}")


def open_session(data: bytes, threads: int, source: str) -> Any:  # noqa: ANN401 - as above
    """Return a session of a network on the CPU; telemetry is turned off before.

    Args:
        data: The network in ONNX.
        threads: Number of threads of one run.
        source: Names the network in errors.

    Raises:
        ModelError: It is no network that can be run.
    """
    disable_telemetry()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # fatal ones; errors are raised, and a library prints nothing
    options.add_session_config_entry("session.load_model_format", "ONNX")
    # Threads that spin after a run hold the cores that the next network of a test needs: two
    # networks in turns on two cores took twice as long.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except run_failures() as error:
        raise ModelError(f"{source} is no network that can be run: {error}") from error


def run_failures() -> tuple[type[Exception], ...]:
    """Return the exceptions that onnxruntime raises; they have no public base class."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = (state.Fail, state.InvalidArgument, state.InvalidGraph, state.InvalidProtobuf)
    rare = (state.EPFail, state.NoModel, state.NoSuchFile, state.NotImplemented)
    return (*own, *rare, state.RuntimeException, ValueError, TypeError)
