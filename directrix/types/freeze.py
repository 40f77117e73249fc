"""Arrays that cannot change under a digest."""

import numpy as np
import numpy.typing as npt


def frozen(values: npt.ArrayLike, dtype: npt.DTypeLike) -> np.ndarray:
    """A read-only C-contiguous array of `dtype`; copies only where it has to."""
    array = np.asarray(values, dtype=dtype, order="C")
    if array.flags.writeable:
        array = array.copy()
        array.setflags(write=False)
    return array
