"""Lines of log: form, ids, redaction; own events and those of libraries alike."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from services.settings import Settings
from services.sight import ids
from services.sight.logs import open_log, take_over_logging
from services.sight.redaction import Redactor


@pytest.fixture
def root() -> Iterator[None]:
    """Puts the logging of this process back as it was."""
    logger = logging.getLogger()
    before, level = logger.handlers[:], logger.level
    yield
    logger.handlers[:] = before
    logger.setLevel(level)


def test_a_line_opens_with_time_level_service_and_event() -> None:
    out = io.StringIO()
    with ids.bound(request_id="abcdef0123456789", operation="projects/p/operations/d1"):
        open_log(out, "gateway").warning("submit_failed", reason="BROKER_UNAVAILABLE")
    line = json.loads(out.getvalue())
    assert list(line)[:4] == ["ts", "level", "service", "event"]
    assert datetime.now(UTC) - datetime.fromisoformat(line.pop("ts")) < timedelta(seconds=10)
    assert line == {
        "level": "warning",
        "service": "gateway",
        "event": "submit_failed",
        "reason": "BROKER_UNAVAILABLE",
        "request_id": "abcdef0123456789",
        "operation": "projects/p/operations/d1",
    }


def test_ids_end_with_their_block() -> None:
    out = io.StringIO()
    log = open_log(out, "gateway")
    with ids.bound(request_id="abcdef0123456789"):
        pass
    log.info("later")
    assert "request_id" not in json.loads(out.getvalue())


def test_levels_below_the_wanted_one_are_silent() -> None:
    out = io.StringIO()
    open_log(out, "gateway", level="WARNING").info("call")
    assert out.getvalue() == ""


def test_libraries_write_such_lines_too(root: None) -> None:
    out = io.StringIO()
    config = Settings(redis_url="redis://:hunter22@127.0.0.1:6379/0", log_level="INFO")
    take_over_logging("worker", config, out)
    log = logging.getLogger("kombu.connection")
    with ids.bound(operation="projects/p/operations/d1"):
        log.info("connected to %s", config.redis_url.get_secret_value())
        try:
            raise ValueError("password=hunter22")
        except ValueError:
            log.exception("a defect")
    log.debug("nobody reads this")
    said, failed = [json.loads(line) for line in out.getvalue().splitlines()]
    assert (said["level"], said["service"], said["logger"]) == ("info", "worker", log.name)
    assert said["operation"] == failed["operation"] == "projects/p/operations/d1"
    assert failed["level"] == "error"
    assert "ValueError" in failed["exception"]
    assert "hunter22" not in out.getvalue()


def test_what_cannot_be_json_is_named_by_its_type() -> None:
    out = io.StringIO()
    open_log(out, "gateway", Redactor()).info("odd", thing=object(), fields={"deep": {1, 2}})
    line = json.loads(out.getvalue())
    assert line["thing"] == "<object>"
    assert sorted(line["fields"]["deep"]) == [1, 2]


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ((("directrix-request-id", "4f0c-aa11-bb22"),), "4f0c-aa11-bb22"),
        ((("directrix-request-id", 'x", "level": "no'),), ""),
        ((("directrix-request-id", "a" * 65),), ""),
        ((("directrix-request-id", b"4f0caa11bb22"),), ""),
        ((("other", "4f0caa11bb22"),), ""),
        (None, ""),
    ],
)
def test_a_request_id_is_taken_over_only_where_it_is_harmless(
    metadata: tuple | None, expected: str
) -> None:
    assert ids.offered(metadata) == expected


def test_ids_go_from_process_to_process() -> None:
    with ids.bound(request_id="4f0caa11bb22"):
        assert ids.outgoing() == ((ids.REQUEST_KEY, "4f0caa11bb22"),)
        headers = ids.headers()
    assert ids.outgoing() == ()
    assert ids.headers() == {}
    assert ids.of_headers({**headers, "task": "directrix.step"}) == {"request_id": "4f0caa11bb22"}
    assert ids.of_headers({"request_id": 7}) == {}
