"""What a text asks of a picture, so that whether the picture fits can be checked."""

from dataclasses import dataclass
from typing import Self

from service.demo.scenes.scene import Scene

__all__ = ["Wanted"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    Conditions on a scene's facts.

    Args:
        clauses: Each a set of facts of which at least one must be true.
        without: Facts of which none may be true.
    """

    clauses: tuple[frozenset[str], ...]
    without: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str) -> Self:
        """
        Read conditions: `mountains & gloomy|stormy & !boat`.

        Raises:
            ValueError: If there is an empty clause.
        """
        clauses, without = [], set[str]()
        for part in text.split("&"):
            facts = [fact.strip() for fact in part.strip().removeprefix("!").split("|")]
            if not all(facts):
                raise ValueError(f"an empty clause in {text!r}")
            if part.strip().startswith("!"):
                without.update(facts)
            else:
                clauses.append(frozenset(facts))
        return cls(tuple(clauses), frozenset(without))

    @property
    def facts(self) -> frozenset[str]:
        """All facts that are spoken of."""
        return self.without.union(*self.clauses)

    @property
    def particular(self) -> bool:
        """Whether a colour, a count, a position or the lack of something is asked for."""
        return bool(self.without) or any(" " in fact for fact in self.facts)

    def fits(self, scene: Scene) -> bool:
        """Whether a scene's picture shows all that is asked for."""
        facts = scene.facts
        return all(clause & facts for clause in self.clauses) and not self.without & facts
