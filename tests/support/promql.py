"""Queries taken apart: what they select, and what is left of them without their comparisons."""

import re
from collections.abc import Iterator

import promql_parser as promql

_COMPARISONS = frozenset({"==", "!=", ">", "<", ">=", "<="})
_SETS = frozenset({"and", "or", "unless"})


def selectors(expression: str) -> set[str]:
    """The vectors that a query selects, each as a query."""
    found: set[str] = set()

    def look(node: promql.Expr) -> None:
        if isinstance(node, promql.MatrixSelector):
            found.add(str(node.vector_selector))
        elif isinstance(node, promql.VectorSelector):
            found.add(str(node))

    promql.walk(promql.parse(expression), look)
    return found


def metric_names(expression: str) -> set[str]:
    """The metrics that a query names."""
    return {str(promql.parse(selector).name) for selector in selectors(expression)}


def unjudged(expression: str) -> list[str]:
    """The vectors that an alert compares: they are there also while it does not fire."""
    return [str(node) for node in _compared(promql.parse(expression))]


def _compared(node: promql.Expr) -> Iterator[promql.Expr]:
    match node:
        case promql.ParenExpr():
            yield from _compared(node.expr)
        case promql.BinaryExpr() if str(node.op) in _COMPARISONS | _SETS:
            yield from _compared(node.lhs)
            yield from _compared(node.rhs)
        case promql.Call() if node.func.name == "absent":
            yield from _compared(node.args[0])
        case promql.NumberLiteral():
            return
        case _:
            yield node


def legend_labels(legend: str) -> set[str]:
    """The labels that a legend of Grafana shows."""
    return set(re.findall(r"{{\s*(\w+)\s*}}", legend))
