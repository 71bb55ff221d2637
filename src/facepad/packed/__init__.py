"""The packed format: pictures and their labels in one HDF5 file, read and written here."""
