"""A finding set: what one discovery returns, with everything that makes it repeatable."""

from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, JsonValue

from directrix.types.finding import Finding


class Provenance(BaseModel):
    """Where a finding set comes from; with the findings it is all that the digest covers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str
    version: str
    """Of the method; it rises whenever the same input gives other findings."""
    parameters: dict[str, JsonValue] = {}
    seed: int = 0
    generator: str
    """Digest of the generator."""
    predictors: tuple[str, ...] = ()
    """Digests of the predictors, in the order the method was given them."""
    population: str = ""
    """Population key, empty where the method used none."""
    libraries: dict[str, str] = {}
    """Versions of the libraries that computed; recorded, not part of the digest."""


@dataclass(frozen=True, eq=False)
class FindingSet:
    """Findings in the order of the method's own ranking; immutable, content-addressed.

    hints: one short text a finding, what the method itself knows of it ("component 3",
    "class: boot"). Names with a measured meaning are the scorecard's.
    """

    findings: tuple[Finding, ...]
    provenance: Provenance
    hints: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.findings)
