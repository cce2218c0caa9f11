"""What the namespaces are made of: functions on plain Arrays, with MXNet's parameters.

They know nothing of the array classes, so that `np`, `npx` and `nd` can share them. They compute with the namespace of
the arrays that they are given, on any backend.
"""
