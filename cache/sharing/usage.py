"""stub until merged."""

import math
from collections.abc import Collection, Mapping
from typing import Generic, TypeVar

K = TypeVar("K")


class Usage(Generic[K]):
    def __init__(self, half_life_s: float = 3600.0) -> None:
        self._h = half_life_s
        self._v: dict[K, float] = {}

    def note(self, key: K, now: float) -> None:
        t = now / self._h
        v = self._v.get(key)
        self._v[key] = t if v is None else max(v, t) + math.log2(1 + 2 ** -abs(v - t))

    def forget(self, keys: Collection[K]) -> None:
        for k in keys:
            self._v.pop(k, None)

    def victims(self, candidates: Mapping[K, float], count: int) -> list[K]:
        return sorted(
            candidates, key=lambda k: (self._v.get(k, candidates[k] / self._h), candidates[k])
        )[:count]
