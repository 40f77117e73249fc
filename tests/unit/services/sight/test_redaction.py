"""What never leaves a process in a line of log."""

import base64

import numpy as np
import pytest

from services.settings import Settings
from services.sight.logs import secrets_of
from services.sight.redaction import REDACTED, Redactor

SECRET = "pG7xQ2vLm9"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbm5lIn0.c2lnbmF0dXJl"
PICTURE = base64.b64encode(bytes(range(256)) * 2).decode()
SIGNED = (
    "http://127.0.0.1:8333/directrix/objects/ab?X-Amz-Algorithm=AWS4-HMAC-SHA256"
    "&X-Amz-Credential=key&X-Amz-Signature=0123456789abcdef"
)


@pytest.mark.parametrize(
    ("text", "hidden", "kept"),
    [
        (f"refused with {SECRET} at once", SECRET, "refused with "),
        (f"authorization: Bearer {JWT}", JWT, "authorization"),
        (f"the token {JWT} has expired", JWT, "has expired"),
        (f"PUT {SIGNED} failed", "X-Amz", "/directrix/objects/ab"),
        ("Error 111 connecting to redis://:hunter2@127.0.0.1:6379/0", "hunter2", "127.0.0.1:6379"),
        ("Settings(store_secret_key='s3cr3t-value')", "s3cr3t-value", "Settings("),
        ("password=hunter2 and more", "hunter2", "and more"),
        (f"bytes {PICTURE}", PICTURE[:200], "bytes "),
        (f"latent [{', '.join(['0.125'] * 512)}]", "0.125, 0.125, 0.125", "latent ["),
        (repr(b"\x89PNG\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8\xf7\xf6"), r"\xfe\xfd", "PNG"),
    ],
)
def test_texts(text: str, hidden: str, kept: str) -> None:
    clean = Redactor([SECRET]).text(text)
    assert hidden not in clean
    assert kept in clean
    assert REDACTED in clean


@pytest.mark.parametrize(
    ("name", "value", "clean"),
    [
        ("store_secret_key", "anything", REDACTED),
        ("Authorization", "anything", REDACTED),
        ("page_token", "opaque", REDACTED),
        ("page_token", "", ""),
        ("png", b"\x89PNG" + bytes(100), "<104 bytes>"),
        ("note", b"1234", "<4 bytes>"),
        ("latent", [0.5] * 8, "<8 values>"),
        ("scores", list(range(65)), "<65 values>"),
        ("latent", np.zeros(512), "<ndarray>"),
        ("settings", Settings(), "<Settings>"),
        ("image", "A" * 65, "<65 characters>"),
        ("ids", {"token": "t", "job": "d1"}, {"token": REDACTED, "job": "d1"}),
        ("duration", 0.25, 0.25),
        ("ready", True, True),
        ("reason", None, None),
        ("digest", "0123456789abcdef" * 4, "0123456789abcdef" * 4),
        ("operation", "projects/default/operations/d1", "projects/default/operations/d1"),
    ],
)
def test_fields(name: str, value: object, clean: object) -> None:
    assert Redactor().fields({name: value}) == {name: clean}


def test_long_texts_are_cut_but_traces_less_so() -> None:
    words = "a word, " * 1000
    redactor = Redactor()
    assert len(redactor.value("event", words)) < 2100
    assert redactor.value("trace", words) == words


def test_every_secret_of_the_settings_is_known() -> None:
    secrets = {
        name: f"the-value-of-{name}"
        for name, field in Settings.model_fields.items()
        if "Secret" in str(field.annotation)
    }
    assert len(secrets) >= 5
    text = Redactor(secrets_of(Settings(**secrets))).text("; ".join(secrets.values()))
    assert "the-value-of" not in text
