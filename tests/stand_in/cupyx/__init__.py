"""Stands in for the package that comes with CuPy."""
