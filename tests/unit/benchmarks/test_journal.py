from pathlib import Path

from tests.benchmarks.journal import Journal


def opened(folder: Path) -> Journal:
    return Journal("some", lambda row: row["index"], folder)


def test_what_was_written_down_is_there_again(tmp_path: Path) -> None:
    first = opened(tmp_path)
    assert 0 not in first
    first.append({"index": 0, "value": 1.5})
    again = opened(tmp_path)
    assert 0 in again and 1 not in again
    assert again[0] == {"index": 0, "value": 1.5}


def test_a_line_that_was_cut_short_is_dropped(tmp_path: Path) -> None:
    opened(tmp_path).append({"index": 0})
    path = tmp_path / "some.partial.jsonl"
    path.write_text(path.read_text() + '{"index": 1, "val')
    again = opened(tmp_path)
    assert 0 in again and 1 not in again
    again.append({"index": 1})
    assert 1 in opened(tmp_path)


def test_a_whole_run_leaves_nothing(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append({"index": 0})
    journal.close()
    journal.close()
    assert not list(tmp_path.iterdir())
    assert 0 not in opened(tmp_path)
