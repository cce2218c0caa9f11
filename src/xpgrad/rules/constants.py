"""The functions without a gradient: how they are called, and why they have none.

The parameters are the standard's; those that all libraries take by position, too, are not keyword-only.
"""

from xpgrad.primitive import constant

NEW = "makes a new array that does not depend on the values of others"
constant("arange", "start, /, stop=None, step=1, *, dtype=None, device=None", NEW)
constant("empty ones zeros", "shape, *, dtype=None, device=None", NEW)
constant("empty_like ones_like zeros_like", "x, /, *, dtype=None, device=None", NEW)
constant("eye", "n_rows, n_cols=None, /, *, k=0, dtype=None, device=None", NEW)
constant("full", "shape, fill_value, *, dtype=None, device=None", NEW)
constant("full_like", "x, /, fill_value, *, dtype=None, device=None", NEW)
constant("linspace", "start, stop, /, num, *, dtype=None, device=None, endpoint=True", NEW)
constant("fft.fftfreq fft.rfftfreq", "n, /, *, d=1.0, dtype=None, device=None", NEW)

FACTS = "tells facts about dtypes"
constant("can_cast", "from_, to, /", FACTS)
constant("finfo iinfo", "type, /", FACTS)
constant("isdtype", "dtype, kind", FACTS)
constant("result_type", "*arrays_and_dtypes", FACTS)

BOOLEAN = "its result is boolean"
constant("isfinite isinf isnan logical_not signbit", "x, /", BOOLEAN)
constant("equal greater greater_equal less less_equal not_equal", "x1, x2, /", BOOLEAN)
constant("logical_and logical_or logical_xor", "x1, x2, /", BOOLEAN)
constant("isin", "x1, x2, /, *, invert=False", BOOLEAN)
constant("all any", "x, /, axis=None, keepdims=False", BOOLEAN)

BITS = "defined for integers and booleans only"
constant("bitwise_invert", "x, /", BITS)
constant("bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor", "x1, x2, /", BITS)

PLACES = "its result holds integers"
constant("argmax argmin count_nonzero", "x, /, axis=None, keepdims=False", PLACES)
constant("argsort", "x, /, axis=-1, descending=False, stable=True", PLACES)
constant("nonzero", "x, /", PLACES)
constant("linalg.matrix_rank", "x, /, *, rtol=None", PLACES)
constant("searchsorted", "x1, x2, /, side='left', sorter=None", PLACES)
