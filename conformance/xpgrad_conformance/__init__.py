"""Conformance of a backend: every derivative rule, run on that backend's own arrays.

``pytest --pyargs xpgrad_conformance --backend NAME`` runs it for any plug-in, and for any array-API library.
"""
