"""One measured figure, and how figures are shown. Knows nothing of how they are taken."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A figure, what it is compared with, and the target if there is one."""

    name: str
    value: float
    unit: str
    baseline: str = ""
    """What the figure is compared with; empty for a figure that stands alone."""
    baseline_value: float | None = None
    target: str = ""
    """The target in words, "at most 1.1" for example."""
    met: bool | None = None

    @property
    def ratio(self) -> float | None:
        """The figure divided by its baseline."""
        if not self.baseline_value:
            return None
        return self.value / self.baseline_value


def table(rows: Iterable[Row]) -> str:
    """The rows as a Markdown table."""
    lines = [
        "| figure | measured | compared with | ratio | target | met |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        met = "" if row.met is None else "yes" if row.met else "no"
        baseline = row.baseline
        if row.baseline_value is not None:
            baseline = f"{row.baseline}: {row.baseline_value:.3g} {row.unit}"
        lines.append(
            f"| {row.name} | {row.value:.3g} {row.unit} | {baseline} | {ratio} | {row.target} "
            f"| {met} |"
        )
    return "\n".join(lines)
