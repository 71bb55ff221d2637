"""The job that packs any dataset into one HDF5 file of the format of `facepad.packed`."""
