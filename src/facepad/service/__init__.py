"""The HTTP service: edges, keys, audit log, operations."""
