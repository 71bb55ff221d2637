"""Listings of databases: one file each, none imports another."""
