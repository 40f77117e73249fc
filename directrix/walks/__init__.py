"""How latents move: five kinds of walk over every kind of finding that moves latents."""

from directrix.walks.motion import LIMIT, Motion, Movable
from directrix.walks.paths import LEAST_REMAINDER, orthonormal, without

__all__ = ["LEAST_REMAINDER", "LIMIT", "Motion", "Movable", "orthonormal", "without"]
