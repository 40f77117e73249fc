"""The report of an audit: one page that needs nothing but itself, for the screen and for paper."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from directrix.client.names import short
from directrix.pages import audit_tables as tables
from directrix.pages.audit_shots import Shown, pictures
from directrix.pages.markup import Cell, document, table, text
from directrix.types import Audit, AuditRecord, SpanVerdict

LISTED = 4
"""Accused findings that the first sentence names."""


def page(record: AuditRecord, shown: Sequence[Shown] = ()) -> str:
    """The whole document."""
    title = f"Audit of {short(_name(record, 'classifier'))}"
    parts = [
        _head(title, record),
        _reliance(record),
        pictures(record, shown),
        _flips(record),
        "<h2>One movement for a whole class</h2><p>Chosen on some pictures of a class, tried on "
        "others: how many of them become the other class by this one movement.</p>",
        tables.directions(record),
        "<h2>Whether explanations stay</h2>",
        tables.stability(record),
        "<h2>What no finding can show</h2>",
        tables.span(record),
        _rival(record),
        _made(record),
    ]
    return document(title, "".join(parts))


def verdict(record: AuditRecord) -> str:
    """The result in a sentence or two, as text."""
    audit = record.audit
    judged = any(row.accused is not None for row in audit.reliance)
    of = f"of {len(audit.reliance)} findings"
    if not judged:
        told = (
            "Nobody has said what it may rely on, so nothing is accused: the table tells what its "
            "answers hang on."
        )
    elif not audit.accused:
        told = f"None {of} is accused: it relies on nothing beyond what it may rely on."
    else:
        names = [record.title(row.finding) for row in audit.accused]
        more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
        told = (
            f"It relies on {len(names)} {of} though it should not: "
            f"{', '.join(names[:LISTED])}{more}."
        )
    if audit.span.verdict is SpanVerdict.OUTSIDE:
        told += " It also answers by something that the generator cannot make."
    return told


def _head(title: str, record: AuditRecord) -> Cell:
    audit = record.audit
    real = "real pictures" if audit.images else "generated pictures"
    facts = [
        (f"{audit.samples}", real),
        (f"{len(audit.reliance)}", "findings moved"),
        (_accused(audit), "accused"),
        (audit.span.verdict.value.split("_")[0], "the generator's span"),
    ]
    if audit.agreement is not None:
        facts.append((f"{audit.agreement:.0%}", "agreement with the reference"))
    cells = "".join(f"<div><b>{text(value)}</b>{text(name)}</div>" for value, name in facts)
    return (
        f'<header><h1>{text(title)}</h1><p class="lead">{text(verdict(record))}</p>'
        f'<div class="figures">{cells}</div></header>'
    )


def _accused(audit: Audit) -> str:
    judged = any(row.accused is not None for row in audit.reliance)
    return str(len(audit.accused)) if judged else "not asked"


def _reliance(record: AuditRecord) -> Cell:
    audit = record.audit
    words = (
        "<p>Every finding is moved by 1 SD either way in the same pictures. <b>Moves its "
        "answer</b> is the mean total-variation distance of the class probabilities, from 0 to 1; "
        "<b>flips</b> is the share of the moved pictures that it calls another class. Raises and "
        "lowers are what moving by + does to the classes. The most suspicious come first.</p>"
    )
    if any(row.accused is not None for row in audit.reliance):
        words += (
            "<p><b>Beyond</b> is the steady change of its log odds for 1 SD that what it may rely "
            "on does not tell, in SD of its log odds over the pictures. Only what is above "
            f"{audit.floor:.2f} SD, the line, can be accused: that is worth an accusation, and "
            f"more than {audit.random_findings} random findings let expect of any of these, but "
            f"with a chance of {audit.false_accusations:.0%}. <b>Its own</b> is the share of it "
            "that no finding higher up accounts for: little, for one that is only alike to "
            "another.</p>"
        )
    return f"<h2>What its answers hang on</h2>{words}{tables.reliance(record)}"


def _flips(record: AuditRecord) -> Cell:
    return (
        "<h2>What flips it</h2><p>For every pair of classes the share of the pictures of the one "
        f"that a single finding turns into the other within {record.audit.reach_sd:g} SD, and the "
        f"finding that turns most.{_sure(record.audit)}</p>"
        f"{tables.matrix(record)}{tables.flips(record)}"
    )


def _sure(audit: Audit) -> str:
    if not audit.target_probability:
        return ""
    return f" Turned means that the other has a probability of {audit.target_probability:g}."


def _rival(record: AuditRecord) -> Cell:
    if not record.audit.differences:
        return ""
    rival = short(_name(record, "rival"))
    return (
        f"<h2>Beside {text(rival)}</h2><p>Reliance of the classifier less that of the rival, on "
        "the same moved pictures. An interval that leaves out 0 is a difference.</p>"
        f"{tables.differences(record)}"
    )


def _made(record: AuditRecord) -> Cell:
    specification = json.dumps(record.specification, indent=2)
    rows = [
        [[text(name), text(short(told)), f'<span class="digest">{text(digest)}</span>']]
        for name, told, digest in (("audit", "", record.digest), *_digests(record))
    ]
    libraries = ", ".join(f"{name} {version}" for name, version in record.libraries.items())
    return (
        "<h2>How it was made, and how to make it again</h2><p>The same command gives an audit of "
        "the same name and digest, on the same kind of hardware.</p>"
        f'<pre class="wrapped"><code>{text(record.reproduce)}</code></pre>'
        f"{table(('', 'name', 'digest'), rows)}"
        f'<p class="soft">Computed with {text(libraries)}.</p>'
        f"<h3>The job</h3><pre><code>{text(specification)}</code></pre>"
    )


def _digests(record: AuditRecord) -> Iterator[tuple[str, str, str]]:
    """(role, name, digest) of everything that the audit was made of."""
    told: dict[str, Any] = record.specification
    for role in ("generator", "classifier", "reference", "rival"):
        if told.get(role):
            yield role, told[role]["name"], told[role]["digest"]
    for each in told["finding_sets"]:
        yield "finding set", each["name"], each["digest"]
    if told.get("pictures"):
        yield "pictures", "", told["pictures"]["images"]


def _name(record: AuditRecord, role: str) -> str:
    reference: Any = record.specification[role]
    return str(reference["name"])
