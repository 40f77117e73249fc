"""Digests of specifications: what was asked before a field was added keeps its digest."""

from services.artifacts.memory import MemoryStore
from tests.unit.services.worker.audit_world import audit_specification

BEFORE = "d1afa3fd2ef323262de563a8e5981418202055b2a1bec824b1a4309038b05513"
"""Of the audit below, before audits had a probability and a budget."""


def test_an_audit_that_asks_for_nothing_new_keeps_its_digest() -> None:
    plain = audit_specification(MemoryStore())
    assert plain.digest == BEFORE
    assert type(plain).model_validate_json(plain.model_dump_json()) == plain
    others = [{"target_probability": 0.95}, {"budget": 300}]
    digests = {audit_specification(MemoryStore(), **other).digest for other in others}
    assert len({BEFORE, *digests}) == 3
