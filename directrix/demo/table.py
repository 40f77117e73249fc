"""The table of the terminal: what each method found."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from directrix.demo.discoveries import Discovered

TOP = 5


def show(console: Console, discovered: Sequence[Discovered]) -> None:
    """Effects are mean changes from -3 to +3 SD of the latents, in SD of the scorer."""
    table = Table(title="What the methods found", title_justify="left", box=box.SIMPLE)
    for column in ("method", "finding", "raises"):
        table.add_column(column)
    for column in ("effect, SD", "side effect, SD", "monotone", "seconds"):
        table.add_column(column, justify="right")
    for each in discovered:
        for place, score in enumerate(each.best(TOP)):
            table.add_row(
                each.method if place == 0 else "",
                f"{score.index}  {each.hints[score.index] if each.hints else ''}".strip(),
                score.target,
                f"{score.effect_sd:.2f}",
                f"{score.side_effect_sd:.2f}",
                f"{score.monotonicity:.0%}",
                f"{each.seconds:.1f}" if place == 0 else "",
                end_section=place == min(TOP, len(each.best(TOP))) - 1,
            )
    console.print(table)
