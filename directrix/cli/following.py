"""Following a job: a bar on a terminal, lines elsewhere, NDJSON for programs."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from directrix.cli.exits import Exit
from directrix.cli.output import say, show_json, stderr
from directrix.client import Audited, Discovery, Job, OperationHandle, TrainedEncoder
from directrix.client.operation import R
from directrix.client.values import Progress as JobProgress
from directrix.client.values import Result

Shown = Callable[[JobProgress], None]

EVERY = 5.0
"""Seconds between two lines of one stage where there is no terminal."""


def follow(handle: OperationHandle[R], as_json: bool) -> R:
    """Waits for the end. Raises OperationFailed.

    Ctrl-C and TERM leave the job running; they exit 130 and 143.
    """
    with _left_running(handle):
        return _watched(handle, as_json)


@contextmanager
def _left_running(handle: OperationHandle[R]) -> Iterator[None]:
    """Where the command is told to end. Without the handler the first process of a container would
    not notice TERM at all.
    """
    ended: list[int] = []

    def end(number: int, _: object) -> None:
        ended.append(number)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end) if _is_main_thread() else None
    try:
        yield
    except KeyboardInterrupt as error:
        say(f"\ninterrupted: the job goes on. Attach again: directrix jobs wait {handle.name}")
        raise typer.Exit(Exit.TERMINATED if ended else Exit.INTERRUPTED) from error
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


def _is_main_thread() -> bool:
    """Only there may handlers be set."""
    return threading.current_thread() is threading.main_thread()


def follow_if(wait: bool, handle: OperationHandle[R], as_json: bool) -> R | None:
    """Tells the name of a job that was accepted, and waits for its end; None where it does not."""
    with _left_running(handle):
        if as_json:
            show_json({"event": "accepted", "operation": handle.name})
        elif not wait:
            print(handle.name)
        return _watched(handle, as_json) if wait else None


def show_result(job: str, result: Result, as_json: bool) -> None:
    """The name of what a job has made, or for programs all that it ended with."""
    if as_json:
        show_json({"event": "result", "operation": job, **asdict(result)})
    else:
        print(_made(result))


def _made(result: Result) -> str:
    match result:
        case TrainedEncoder():
            return result.model
        case Audited():
            return result.audit
        case Discovery():
            return result.finding_set


def facts(job: Job) -> dict[str, object]:
    """A job as JSON values."""
    found: dict[str, object] = {"operation": job.name, **progress_facts(job.progress)}
    found["done"] = job.done
    if job.result is not None:
        found["result"] = asdict(job.result)
    if job.error is not None:
        found["error"] = {"message": job.error.message, "reason": job.error.reason}
    return found


def progress_facts(progress: JobProgress) -> dict[str, object]:
    """`done` and `total` of a progress as units, for `done` says whether a job has ended."""
    found = asdict(progress)
    return {**found, "units_done": found.pop("done"), "units_total": found.pop("total")}


def _watched(handle: OperationHandle[R], as_json: bool) -> R:
    with _display(as_json) as show:
        for job in handle.watch():
            show(job.progress)
        return handle.result()


@contextmanager
def _display(as_json: bool) -> Iterator[Shown]:
    if as_json:
        yield _once(lambda p: show_json({"event": "progress", **progress_facts(p)}))
    elif stderr().is_terminal:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}", markup=False),
        )
        with Progress(*columns, console=stderr(), transient=True) as bars:
            yield _naming(_bars(bars))
    else:
        yield _naming(_once(_lines()))


def _naming(show: Shown) -> Shown:
    """Tells, once, how to look at what is found while the job goes on."""
    named: set[str] = set()

    def shown(progress: JobProgress) -> None:
        name = progress.finding_set
        if name and name not in named and progress.state != "succeeded":
            named.add(name)
            say(f"found already: directrix findings show {name}")
        show(progress)

    return shown


def _lines() -> Shown:
    """A line for every stage, and inside a stage one every few seconds."""
    last: dict[str, float] = {}

    def shown(progress: JobProgress) -> None:
        stage, now = f"{progress.state} {progress.stage}", time.monotonic()
        if now - last.get(stage, -EVERY) >= EVERY:
            last[stage] = now
            say(_line(progress))

    return shown


def _line(progress: JobProgress) -> str:
    of = f"{progress.done}/{progress.total}" if progress.total else ""
    return " ".join(word for word in (progress.state, progress.stage, of, progress.note) if word)


def _once(show: Shown) -> Shown:
    """Says nothing twice, for time passes also where nothing happens."""
    seen: list[JobProgress] = []

    def shown(progress: JobProgress) -> None:
        if seen[-1:] != [timeless := replace(progress, seconds=0.0)]:
            seen.append(timeless)
            show(progress)

    return shown


def _bars(bars: Progress) -> Shown:
    """One bar a stage, in the order in which stages come."""
    tasks: dict[str, TaskID] = {}

    def shown(progress: JobProgress) -> None:
        name = progress.stage or progress.state
        if name not in tasks:
            for done in tasks.values():
                bars.update(done, completed=bars.tasks[done].total)
            tasks[name] = bars.add_task(name, total=None, note="")
        bars.update(
            tasks[name],
            total=progress.total or None,
            completed=progress.done,
            note=progress.note,
        )

    return shown
