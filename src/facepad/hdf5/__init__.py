"""Pack any dataset into one HDF5 file; reading it back is the job of `facepad.media.packed`."""

from facepad.hdf5.options import PackOptions
from facepad.hdf5.pack import Packing, Result, Source

__all__ = ["PackOptions", "Packing", "Result", "Source"]
