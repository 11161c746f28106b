"""Compilation of kernels: numba with its disk cache where one can be written, else in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def jit(function: F) -> F:
    """Compile on first call.

    The cache knows the file of the function only: compiled functions call compiled functions of their own file alone.
    """
    try:
        return cast(F, numba.njit(function, cache=True))
    except RuntimeError:
        # Neither the package's folder nor the user's cache folder can be written.
        return cast(F, numba.njit(function))
