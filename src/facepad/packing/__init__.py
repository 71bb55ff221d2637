"""Pack any dataset into one HDF5 file; reading it back is the job of `facepad.packed`."""

from facepad.packing.options import PackOptions
from facepad.packing.pack import Packing, Result, Source

__all__ = ["PackOptions", "Packing", "Result", "Source"]
