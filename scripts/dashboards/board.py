"""What all dashboards share: variables, links, alerts as marks, and panels with ids and places.

Knows Grafana's forms, and no metric but those by which capabilities and alerts are listed.
"""

from collections.abc import Sequence
from typing import Self

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

TAG = "atelier"
DATASOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
_COLUMNS = 24


class Board:
    """A dashboard that grows row by row. Panels get their ids in the order in which they come."""

    def __init__(
        self, uid: str, title: str, description: str, *, capability: bool = False, hours: int = 6
    ) -> None:
        """`capability`: whether a reader may choose capabilities, as `$capability` in queries."""
        self.uid = uid
        self._panels = 0
        self._board = (
            builders.Dashboard(f"Atelier: {title}")
            .uid(uid)
            .description(description)
            .tags([TAG])
            .time(f"now-{hours}h", "now")
            .refresh("10s")
            .timezone("browser")
            .tooltip(models.DashboardCursorSync.CROSSHAIR)
            .readonly()
            .with_variable(_datasource())
            .link(_other_boards())
            .annotation(_alerts())
        )
        if capability:
            self._board.with_variable(_capability())

    def row(self, title: str, *panels: Builder[models.Panel]) -> Self:
        """Adds a heading and the panels below it; their widths must add up to whole lines."""
        self._board.with_row(_Row(title, self._next_id()))
        width = 0
        for builder in panels:
            panel = builder.build()
            panel.id_val = self._next_id()
            panel.datasource = DATASOURCE
            self._board.with_panel(_Built(panel))
            width += panel.grid_pos.w if panel.grid_pos else 0
        if width % _COLUMNS:
            raise ValueError(f"the panels of {title!r} leave a gap: {width} columns")
        return self

    def build(self) -> models.Dashboard:
        """The dashboard as it is now."""
        return self._board.build()

    def _next_id(self) -> int:
        self._panels += 1
        return self._panels


class _Built(Builder[models.Panel]):
    """A panel that is built already."""

    def __init__(self, panel: models.Panel) -> None:
        self._panel = panel

    def build(self) -> models.Panel:
        return self._panel


class _Row(Builder[models.RowPanel]):
    """A heading."""

    def __init__(self, title: str, number: int) -> None:
        self._title = title
        self._number = number

    def build(self) -> models.RowPanel:
        return builders.Row(self._title).id(self._number).build()


def link_to(uid: str, title: str, variables: Sequence[str] = ()) -> builders.DashboardLink:
    """A link from a value to another dashboard, with the time and these settings of variables."""
    given = "".join(f"&{variable}" for variable in variables)
    return builders.DashboardLink(title).url(f"/d/{uid}?${{__url_time_range}}{given}")


def _datasource() -> builders.DatasourceVariable:
    return (
        builders.DatasourceVariable("datasource")
        .label("Prometheus")
        .type("prometheus")
        .current(models.VariableOption(text="Prometheus", value="prometheus"))
    )


def _capability() -> builders.QueryVariable:
    return (
        builders.QueryVariable("capability")
        .label("Capability")
        .datasource(DATASOURCE)
        .query("label_values(atelier_capability_state, capability)")
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".+")
        .current(models.VariableOption(text=["All"], value=["$__all"]))
    )


def _other_boards() -> builders.DashboardLink:
    return (
        builders.DashboardLink("Atelier")
        .type(models.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .include_vars(True)
        .keep_time(True)
    )


def _alerts() -> builders.AnnotationQuery:
    return (
        builders.AnnotationQuery()
        .name("Alerts")
        .datasource(DATASOURCE)
        .enable(True)
        .icon_color("red")
        .expr('ALERTS{alertname=~"Atelier.+",alertstate="firing"}')
    )
