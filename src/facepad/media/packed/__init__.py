"""Pictures inside a packed file: HDF5 that `facepad dataset pack` wrote.

The layout is told in `facepad.media.packed.layout`, writing it is the job of `facepad.hdf5`.
"""
