"""AuditReport: the documents of an audit, written from its tables and from pictures."""

from collections.abc import Callable, Mapping, Sequence
from importlib import metadata

import numpy as np

from directrix.audits import AuditPlan
from directrix.audits.shots import shoot
from directrix.discovery import LIBRARIES
from directrix.errors import ScorecardNotFound
from directrix.pages.audit import page
from directrix.pages.audit_rows import to_csv
from directrix.pages.audit_shots import Shown
from directrix.pages.reproduction import command
from directrix.types import NONE, Audit, AuditRecord, Named, Shot
from services.artifacts.audits import CSV, HTML, digest_of
from services.artifacts.catalogue import Catalogue
from services.jobs import AuditSpec

MOST_SHOWN, SHOTS = 6, 3
"""Findings that pictures are shown of, and pictures of each."""

Arrays = Mapping[str, np.ndarray]


class AuditReport:
    """shown: the findings that pictures are shown of, those at the head of the table that flip."""

    def __init__(self, spec: AuditSpec, audit: Audit, catalogue: Catalogue):
        self._spec, self._audit, self._catalogue = spec, audit, catalogue
        able = {(row.finding.finding_set, row.finding.index) for row in audit.flips if row.share}
        rows = [row.finding for row in audit.reliance]
        self.shown: Sequence[Named] = [
            each for each in rows if (each.finding_set, each.index) in able
        ][:MOST_SHOWN]

    def shoot(
        self, plan: AuditPlan, parts: Sequence[Arrays], place: int, stop: Callable[[], None]
    ) -> Arrays:
        """Pictures of one of `shown`. parts: what the plan's units gave."""
        shots = shoot(plan, parts, self.shown[place], SHOTS, stop)
        image = plan.generator.card.image
        shape = (-1, image.height, image.width, image.channels)
        return {
            "originals": np.array([shot.original for shot in shots], np.uint8).reshape(shape),
            "answers": np.array([shot.answer for shot in shots], np.uint8).reshape(shape),
            "classes": np.array([self._classes(shot) for shot in shots], np.int64).reshape(-1, 2),
            "figures": np.array([(s.alpha, s.before, s.after) for s in shots]).reshape(-1, 3),
            "samples": np.array([shot.sample for shot in shots], np.int64),
        }

    def write(self, shots: Sequence[Arrays]) -> tuple[AuditRecord, dict[str, bytes]]:
        """The record, and the table and the page that are made of it."""
        specification = self._spec.model_dump(mode="json")
        record = AuditRecord(
            digest=digest_of(self._spec.digest, self._audit.model_dump(mode="json")),
            specification=specification,
            reproduce=command(specification),
            titles=self._titles(),
            libraries={name: metadata.version(name) for name in LIBRARIES},
            audit=self._audit,
        )
        shown = [self._shown(*pair) for pair in zip(self.shown, shots, strict=True)]
        return record, {CSV: to_csv(record).encode(), HTML: page(record, shown).encode()}

    def _classes(self, shot: Shot) -> tuple[int, int]:
        names = self._audit.classes
        return names.index(shot.source), names.index(shot.target)

    def _shown(self, finding: Named, arrays: Arrays) -> Shown:
        return Shown(
            finding,
            tuple(
                Shot(
                    sample=int(arrays["samples"][row]),
                    alpha=float(arrays["figures"][row, 0]),
                    source=self._audit.classes[arrays["classes"][row, 0]],
                    target=self._audit.classes[arrays["classes"][row, 1]],
                    before=float(arrays["figures"][row, 1]),
                    after=float(arrays["figures"][row, 2]),
                    original=arrays["originals"][row],
                    answer=arrays["answers"][row],
                )
                for row in range(len(arrays["samples"]))
            ),
        )

    def _titles(self) -> dict[str, str]:
        """What scorecards, or else methods, call the findings that the audit names."""
        found = {}
        for ref in self._spec.finding_sets:
            hints = [
                entry.hint for entry in self._catalogue.finding_set_manifest(ref.digest).findings
            ]
            targets = self._targets(ref.digest)
            for index, hint in enumerate(hints):
                if name := targets.get(index) or hint:
                    found[f"{ref.digest}:{index}"] = name
        return found

    def _targets(self, digest: str) -> dict[int, str]:
        """The scores that findings are named after, where the set was scored."""
        try:
            card = self._catalogue.scorecard(digest)
        except ScorecardNotFound:
            return {}
        return {each.index: each.target for each in card.findings if each.target != NONE}
