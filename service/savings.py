"""What hits save, counted against what would have come next."""

from collections.abc import Callable
from dataclasses import dataclass

from cache.entries.relations import Relation
from cache.pools.pool import PoolKey
from cache.pools.pools import Pools
from service.telemetry.counters import Counters

__all__ = ["Costs", "Savings"]


@dataclass(frozen=True, slots=True)
class Costs:
    """
    Mean encoder seconds, measured in this process.

    Args:
        query_s: Of encoding one query for the look-up.
        text_s: Of encoding one query for a ranking.
        pool_s: Of encoding the photos of one fetched pool.
    """

    query_s: float
    text_s: float
    pool_s: float


class Savings:
    """
    Counts what hits have saved.

    Args:
        costs: Asked for the encoder time that was not spent.
        pools: Know whether the source would have been asked.
        counters: Take the sums.
    """

    def __init__(self, costs: Callable[[], Costs], pools: Pools, counters: Counters) -> None:
        self._costs = costs
        self._pools = pools
        self._counters = counters

    def exact(self) -> None:
        """Count a hit of the very query: neither model has run."""
        costs = self._costs()
        self._count_seconds(costs.query_s + costs.text_s)

    def semantic(self, relation: Relation, key: PoolKey) -> None:
        """
        Count a hit of another query: a ranking, or a fetch where no pool is warm.

        Args:
            relation: Of the asked tag to the remembered one.
            key: The pool that would have been ranked.
        """
        costs = self._costs()
        if relation is Relation.SAME or self._pools.is_warm(key):
            self._count_seconds(costs.text_s)
        else:
            self._counters.add("nearhit_api_calls_avoided")
            self._count_seconds(costs.text_s + costs.pool_s)

    def _count_seconds(self, seconds: float) -> None:
        self._counters.add("nearhit_encoder_seconds_avoided", value=seconds)
