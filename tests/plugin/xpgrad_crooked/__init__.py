"""A plug-in that fails to import; it must not harm the one beside it."""

raise RuntimeError("this plug-in is crooked")
