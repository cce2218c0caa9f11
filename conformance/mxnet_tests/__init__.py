"""MXNet's own tests, run over xpgrad.mxnet."""
