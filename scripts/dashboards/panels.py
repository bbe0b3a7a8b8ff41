"""The few kinds of panels that the dashboards are made of. Knows no metric.

Each takes its title, a sentence that says how to read it, a unit of
grafana_foundation_sdk.models.units, and its queries as (expression, legend) pairs.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import (
    dashboard,
    heatmap,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.models import common, units
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import heatmap as heatmap_models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

Query = tuple[str, str]
Panel = TypeVar("Panel", timeseries.Panel, stat.Panel, statetimeline.Panel)
GREY, GREEN, ORANGE, RED, BLUE = "#8e8e8e", "#56a64b", "#ff9830", "#e02f44", "#3274d9"
STATES = {
    "0": ("unknown", GREY),
    "1": ("available", GREEN),
    "2": ("error", ORANGE),
    "3": ("unavailable", RED),
}
PRESENCE = {"0": ("absent", RED), "1": ("present", GREEN)}
VERDICT_COLOURS = {"success": GREEN, "failure": ORANGE, "offline": RED, "neutral": GREY}


def lines(
    title: str,
    description: str,
    unit: str,
    *queries: Query,
    width: int = 12,
    height: int = 8,
    highest: float | None = None,
) -> timeseries.Panel:
    """Lines over time. `highest` is where the axis ends, for what cannot be more."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .unit(unit)
        .span(width)
        .height(height)
        .min(0)
        .line_width(2)
        .fill_opacity(8)
        .show_points(common.VisibilityMode.AUTO)
        .legend(_legend())
        .tooltip(_tooltip())
    )
    if highest is not None:
        panel.max(highest)
    return _asking(panel, queries)


def bars(
    title: str,
    description: str,
    unit: str,
    *queries: Query,
    width: int = 12,
    height: int = 8,
    colours: Mapping[str, str] | None = None,
) -> timeseries.Panel:
    """Counts in each stretch of time, one upon the other. `colours` go by the legend's words."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .unit(unit)
        .span(width)
        .height(height)
        .min(0)
        .draw_style(common.GraphDrawStyle.BARS)
        .line_width(0)
        .fill_opacity(80)
        .stacking(common_builders.StackingConfig().mode(common.StackingMode.NORMAL))
        .legend(_legend())
        .tooltip(_tooltip())
    )
    for word, colour in (colours or {}).items():
        fixed = {"mode": "fixed", "fixedColor": colour}
        panel.override_by_regexp(
            f"/{word}$/", [models.DynamicConfigValue(id_val="color", value=fixed)]
        )
    return _asking(panel, queries)


def tiles(
    title: str,
    description: str,
    unit: str,
    *queries: Query,
    width: int = 12,
    height: int = 5,
    mappings: Mapping[str, tuple[str, str]] | None = None,
    steps: Sequence[tuple[float | None, str]] = ((None, BLUE),),
    link: dashboard.DashboardLink | None = None,
) -> stat.Panel:
    """The newest value of each series, large. `steps` colour it from a value on."""
    panel = (
        stat.Panel()
        .title(title)
        .description(description)
        .unit(unit)
        .span(width)
        .height(height)
        .graph_mode(common.BigValueGraphMode.NONE)
        .color_mode(
            common.BigValueColorMode.BACKGROUND if mappings else common.BigValueColorMode.VALUE
        )
        .text_mode(common.BigValueTextMode.VALUE_AND_NAME)
        .reduce_options(common_builders.ReduceDataOptions().calcs(["lastNotNull"]))
        .color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
        .thresholds(_steps(steps))
        .mappings(_mappings(mappings))
        .no_value("none yet")
    )
    if link is not None:
        panel.data_links([link])
    return _asking(panel, queries)


def timeline(
    title: str,
    description: str,
    states: Mapping[str, tuple[str, str]],
    *queries: Query,
    width: int = 24,
    height: int = 7,
    link: dashboard.DashboardLink | None = None,
) -> statetimeline.Panel:
    """Coloured stretches of time. `states` give words and colours to values."""
    panel = (
        statetimeline.Panel()
        .title(title)
        .description(description)
        .unit(units.NoUnit)
        .span(width)
        .height(height)
        .mappings(_mappings(states))
        .merge_values(True)
        .show_value(common.VisibilityMode.AUTO)
        .row_height(0.8)
        .fill_opacity(85)
        .line_width(0)
        .color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
        .legend(_legend())
        .tooltip(_tooltip(common.TooltipDisplayMode.SINGLE))
    )
    if link is not None:
        panel.data_links([link])
    return _asking(panel, queries)


def heat(
    title: str, description: str, unit: str, expression: str, *, width: int = 12, height: int = 8
) -> heatmap.Panel:
    """A histogram over time. `expression` gives a rate for each `le`."""
    query = (
        prometheus.Dataquery()
        .expr(expression)
        .legend_format("{{le}}")
        .format(PromQueryFormat.HEATMAP)
        .range()
        .ref_id("A")
    )
    return (
        heatmap.Panel()
        .title(title)
        .description(description)
        .unit(unit)
        .span(width)
        .height(height)
        .calculate(False)
        .y_axis(heatmap.YAxisConfig().unit(unit).axis_placement(common.AxisPlacement.LEFT))
        .cell_gap(1)
        .color(
            heatmap.HeatmapColorOptions()
            .mode(heatmap_models.HeatmapColorMode.SCHEME)
            .scheme("Oranges")
            .steps(32)
        )
        .show_color_scale(True)
        .with_target(query)
    )


def rows(
    title: str,
    description: str,
    unit: str,
    expression: str,
    columns: Sequence[str],
    *,
    width: int = 12,
    height: int = 7,
) -> table.Panel:
    """A table of the series of now: these labels, and the value if `columns` names "Value"."""
    query = (
        prometheus.Dataquery().expr(expression).format(PromQueryFormat.TABLE).instant().ref_id("A")
    )
    places = {name: number for number, name in enumerate(columns)}
    return (
        table.Panel()
        .title(title)
        .description(description)
        .unit(unit)
        .span(width)
        .height(height)
        .no_value("none")
        .with_transformation(
            models.DataTransformerConfig(
                id_val="filterFieldsByName", options={"include": {"names": list(columns)}}
            )
        )
        .with_transformation(
            models.DataTransformerConfig(
                id_val="organize",
                options={"excludeByName": {}, "renameByName": {}, "indexByName": places},
            )
        )
        .with_target(query)
    )


def _asking(panel: Panel, queries: Sequence[Query]) -> Panel:
    for number, (expression, legend) in enumerate(queries):
        panel.with_target(
            prometheus.Dataquery()
            .expr(expression)
            .legend_format(legend)
            .range()
            .ref_id(chr(ord("A") + number))
        )
    return panel


def _legend() -> common_builders.VizLegendOptions:
    return (
        common_builders.VizLegendOptions()
        .show_legend(True)
        .display_mode(common.LegendDisplayMode.LIST)
        .placement(common.LegendPlacement.BOTTOM)
    )


def _tooltip(
    mode: common.TooltipDisplayMode = common.TooltipDisplayMode.MULTI,
) -> common_builders.VizTooltipOptions:
    return common_builders.VizTooltipOptions().mode(mode).sort(common.SortOrder.DESCENDING)


def _mappings(words: Mapping[str, tuple[str, str]] | None) -> list[models.ValueMapping]:
    if not words:
        return []
    results = {
        value: models.ValueMappingResult(text=text, color=colour, index=number)
        for number, (value, (text, colour)) in enumerate(words.items())
    }
    return [models.ValueMap(options=results)]


def _steps(steps: Sequence[tuple[float | None, str]]) -> dashboard.ThresholdsConfig:
    return (
        dashboard.ThresholdsConfig()
        .mode(models.ThresholdsMode.ABSOLUTE)
        .steps([models.Threshold(value=value, color=colour) for value, colour in steps])
    )
