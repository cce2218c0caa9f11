"""Searching functions that pass a gradient on."""

from xpgrad.primitive import primitive, vjp

primitive("where", "condition x1 x2", elementwise=True)

vjp("where", x1=lambda xp, g, condition: xp.where(condition, g, 0.0),
             x2=lambda xp, g, condition: xp.where(condition, 0.0, g))  # fmt: skip
