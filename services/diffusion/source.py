"""What diffusers' own source says about its pipelines, read without importing it.

A worker can so describe its model and check requests in its first second; importing diffusers
takes several and hundreds of megabytes. Knows the layout of the installed package.
"""

import ast
import importlib.util
from collections.abc import Mapping
from functools import cache
from pathlib import Path

REQUIRED = object()
"""The default of a parameter that has none."""

UNKNOWN = object()
"""The default of a parameter that is no plain value."""


@cache
def call_parameters(pipeline: str) -> Mapping[str, object] | None:
    """The parameters of a pipeline's __call__ with their defaults; None for an unknown class."""
    call = _call(pipeline)
    return None if call is None else _parameters(call.args)


@cache
def moves_progress_bar(pipeline: str) -> bool:
    """Whether a pipeline's __call__ moves a progress bar, by which it can be stopped."""
    call = _call(pipeline)
    return call is not None and any(
        isinstance(node, ast.Attribute) and node.attr == "progress_bar" for node in ast.walk(call)
    )


def number(parameters: Mapping[str, object], name: str, fallback: float) -> float:
    """The default of a parameter if that is a number, else `fallback`."""
    value = parameters.get(name)
    return value if isinstance(value, (int, float)) else fallback


def guidance_parameter(parameters: Mapping[str, object]) -> str | None:
    """What a pipeline calls the strength of its guidance; None if it has none."""
    if number(parameters, "true_cfg_scale", 1.0) > 1.0:
        return "true_cfg_scale"  # its guidance_scale is for distilled variants only
    names = ("guidance_scale", "max_guidance_scale")
    return next((name for name in names if name in parameters), None)


def takes_negative_prompt(parameters: Mapping[str, object]) -> bool:
    """Whether a negative prompt changes anything."""
    if "true_cfg_scale" in parameters and guidance_parameter(parameters) != "true_cfg_scale":
        return False  # guided by a distilled scale; the negative prompt is read and ignored
    return "negative_prompt" in parameters


@cache
def sibling(pipeline: str, task: str) -> str | None:
    """The class of the same family for a task, "TEXT2IMAGE", "IMAGE2IMAGE" or "IMAGE2VIDEO".

    The class itself if that is its task; None if diffusers knows none.
    """
    tables = _auto_tables()
    wanted = tables.get(task, {})
    if pipeline in wanted.values():
        return pipeline
    families = [key for table in tables.values() for key, name in table.items() if name == pipeline]
    return next((wanted[key] for key in families if key in wanted), None)


@cache
def _auto_tables() -> Mapping[str, Mapping[str, str]]:
    """Diffusers' tables of families: task to family to class."""
    tree = ast.parse((_package() / "pipelines" / "auto_pipeline.py").read_text(encoding="utf-8"))
    tables: dict[str, dict[str, str]] = {}
    for item in tree.body:
        if not (isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Name)):
            continue
        name = item.targets[0].id
        if name.startswith("AUTO_") and name.endswith("_PIPELINES_MAPPING"):
            task = name.removeprefix("AUTO_").removesuffix("_PIPELINES_MAPPING")
            tables[task] = _pairs(item.value)
    return tables


def _pairs(node: ast.expr) -> dict[str, str]:
    return {
        pair.elts[0].value: pair.elts[1].id
        for pair in ast.walk(node)
        if isinstance(pair, ast.Tuple)
        and len(pair.elts) == 2
        and isinstance(pair.elts[0], ast.Constant)
        and isinstance(pair.elts[0].value, str)
        and isinstance(pair.elts[1], ast.Name)
    }


@cache
def _call(pipeline: str) -> ast.FunctionDef | None:
    """A pipeline's own or inherited __call__."""
    definition = _pipeline_class(pipeline)
    if definition is None:
        return None
    for item in definition.body:
        if isinstance(item, ast.FunctionDef) and item.name == "__call__":
            return item
    bases = [base.id for base in definition.bases if isinstance(base, ast.Name)]
    return next((call for call in map(_call, bases) if call is not None), None)


def _pipeline_class(name: str) -> ast.ClassDef | None:
    if not name.isidentifier():
        return None
    for path in sorted((_package() / "pipelines").rglob("pipeline_*.py")):
        text = path.read_text(encoding="utf-8")
        if f"\nclass {name}(" not in text:
            continue
        for item in ast.parse(text).body:
            if isinstance(item, ast.ClassDef) and item.name == name:
                return item
    return None


def _parameters(arguments: ast.arguments) -> dict[str, object]:
    named = [*arguments.posonlyargs, *arguments.args][1:]  # without self
    missing = len(named) - len(arguments.defaults)
    found: dict[str, object] = {item.arg: REQUIRED for item in named[: max(0, missing)]}
    defaults = arguments.defaults[-len(named) :]
    for item, default in zip(named[max(0, missing) :], defaults, strict=True):
        found[item.arg] = _value(default)
    for item, given in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        found[item.arg] = REQUIRED if given is None else _value(given)
    return found


def _value(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return UNKNOWN


@cache
def _package() -> Path:
    found = importlib.util.find_spec("diffusers")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("diffusers is not installed; run `make setup`")
    return Path(found.submodule_search_locations[0])
