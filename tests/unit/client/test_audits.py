"""Audits through the client, sync and async."""

import asyncio

import pytest

from directrix.client import AsyncClient, Audited, Figure, NotFound
from tests.unit.client.fake_audits import AUDIT
from tests.unit.pages.audit_samples import record


@pytest.fixture
def findings(client):
    return client.discover("fashion", "sefa").result(30).finding_set


def test_an_audit_is_asked_for_in_the_words_of_the_service(gateway, client, findings):
    handle = client.audit_classifier(
        "fashion", "classifier", [findings], reference="classifier", seed=3, samples=16,
        allowed_scores=[("classifier", "boot")], allowed_findings=[(findings, 2)],
        groups=[("classifier", "")], steps=[1, 2], explained=0,
    )  # fmt: skip
    assert handle.result(30) == Audited(AUDIT, "a" * 64, 8, 1)
    (asked,) = gateway.audited
    assert asked.classifier == asked.reference == "projects/default/models/classifier"
    assert (asked.rival, asked.seed, asked.samples, list(asked.steps)) == ("", 3, 16, [1, 2])
    assert asked.HasField("explained") and asked.explained == 0
    assert asked.allowed_scores[0].scorer == "boot" and asked.groups[0].scorer == ""
    assert (asked.allowed_findings[0].finding_set, asked.allowed_findings[0].index) == (findings, 2)
    assert not asked.HasField("pictures") and len(asked.request_id) == 36


def test_pictures_travel_as_they_are(gateway, client, findings):
    pictures = [b"first", b"second"]
    client.audit_classifier(
        "fashion", "classifier", [findings], pictures=pictures, encoder="fashion",
        encoder_only=True, space="w",
    )  # fmt: skip
    given = gateway.audited[0].pictures
    assert list(given.images) == pictures
    assert (given.encoder, given.encoder_only) == ("projects/default/models/fashion", True)
    assert not gateway.audited[0].HasField("explained")


def test_an_audit_is_read(client):
    found = client.audit("a" * 41)
    assert (found.name, found.accused, found.span) == (AUDIT, 1, "untold")
    assert found.reliance[0].variation == Figure(0.4, pytest.approx(0.35), 0.45)
    assert found.reliance[0].accused is True
    assert found.specification["seed"] == 7
    (listed,) = client.audits()
    assert (listed.id, listed.reliance) == ("a" * 41, ())


def test_documents(client):
    assert client.audit_record(AUDIT) == record()
    assert client.audit_document(AUDIT).startswith(b"<!doctype html>")
    assert client.audit_document(AUDIT, "csv").startswith(b"rank,")
    with pytest.raises(ValueError, match="format"):
        client.audit_document(AUDIT, "pdf")
    with pytest.raises(NotFound) as caught:
        client.audit("nobody")
    assert caught.value.reason == "AUDIT_NOT_FOUND"


def test_the_same_for_asyncio(target, client):
    async def ask():
        async with AsyncClient(target) as client:
            findings = (await (await client.discover("fashion", "sefa")).result(30)).finding_set
            handle = await client.audit_classifier("fashion", "classifier", [findings])
            result = await handle.result(30)
            return result, await client.audit_record(result.audit), await client.audits()

    result, told, listed = asyncio.run(ask())
    assert (result.audit, told.digest, len(listed)) == (AUDIT, "a" * 64, 1)
