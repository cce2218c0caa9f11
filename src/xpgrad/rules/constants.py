"""The functions without a gradient, and why they have none."""

from xpgrad.primitive import constant

constant(
    "arange empty empty_like eye from_dlpack full full_like linspace ones ones_like zeros zeros_like",
    "makes a new array that does not depend on the values of others",
)
constant("can_cast finfo iinfo isdtype result_type broadcast_shapes", "tells facts about dtypes or shapes")
constant(
    "equal greater greater_equal isfinite isin isinf isnan less less_equal logical_and logical_not logical_or "
    "logical_xor not_equal signbit all any",
    "its result is boolean",
)
constant(
    "bitwise_and bitwise_invert bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor",
    "defined for integers and booleans only",
)
constant("argmax argmin argsort count_nonzero nonzero searchsorted", "its result holds integers")
