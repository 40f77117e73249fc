"""Audits of a whole classifier over a population: what it relies on, and what flips it."""

from directrix.audits.question import AuditQuestion, Scores

__all__ = ["AuditQuestion", "Scores"]
