"""Makes a frozen dataclass from a TOML table and the environment. Knows types, but no keys.

Every mistake is a SettingsError: one line that names the setting and says how to mend it.
"""

import dataclasses
import difflib
import math
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).resolve().parents[2]
"""The repository; paths in the settings are relative to it unless absolute."""
D = TypeVar("D")

OTHER_TABLE: Mapping[str, Any] = {"other_table": True}
"""Metadata of a field that holds another table, and is no key of its own."""

_WORDS = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text in quotes",
}
_TRUE = ("1", "true", "yes", "on")
_FALSE = ("0", "false", "no", "off")


class SettingsError(ValueError):
    """A setting that cannot work; its text is one line that says what and how to mend it."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(" ".join(f"{key}: {text}".splitlines()))
        self.key = key


def build(
    cls: type[D], where: str, table: Mapping[str, Any], env: Mapping[str, str], **given: Any
) -> D:
    """Makes `cls` from the table `where`; the environment goes before, `given` is set anyway.

    The variable of a key is ATELIER_<last word of where>_<key>, in capitals. Keys that `cls` does
    not know are left alone. Raises SettingsError for a value that is missing or of a wrong type.
    """
    hints = typing.get_type_hints(cls)
    values: dict[str, Any] = dict(given)
    for item in dataclasses.fields(cls):  # type: ignore[arg-type]  # D is a dataclass
        variable = f"ATELIER_{where.rpartition('.')[2]}_{item.name}".upper()
        if item.name in given or item.metadata.get("other_table"):
            continue
        if variable in env:
            values[item.name] = _from_text(hints[item.name], env[variable], variable)
        elif item.name in table:
            values[item.name] = _checked(hints[item.name], table[item.name], f"{where}.{item.name}")
        elif item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
            raise SettingsError(
                f"{where}.{item.name}",
                f"is missing; add it to the settings file, or set {variable}",
            )
    return cls(**values)


def require_known(
    cls: type[Any], where: str, table: Mapping[str, Any], also: tuple[str, ...] = ()
) -> None:
    """Raises SettingsError if the table has a key that is neither one of `cls` nor in `also`."""
    known = _keys(cls)
    for key in table:
        if key not in known and key not in also:
            raise SettingsError(f"{where}.{key}", f"is no setting; known are {', '.join(known)}")


def require_known_variables(
    cls: type[Any], where: str, env: Mapping[str, str], also: tuple[str, ...] = ()
) -> None:
    """Raises SettingsError for an ATELIER_<table>_... variable that sets nothing: a misspelling."""
    prefix = f"ATELIER_{where.rpartition('.')[2]}_".upper()
    known = [key.upper() for key in (*_keys(cls), *also)]
    for variable in sorted(env):
        if variable.startswith(prefix) and variable.removeprefix(prefix) not in known:
            near = difflib.get_close_matches(variable.removeprefix(prefix), known, 1)
            hint = f"; did you mean {prefix}{near[0]}?" if near else ""
            raise SettingsError(variable, f"is no setting{hint}")


def path_of(text: str) -> Path:
    """A path of the settings, absolute."""
    return ROOT / Path(text).expanduser()


def _keys(cls: type[Any]) -> list[str]:
    return [
        item.name
        for item in dataclasses.fields(cls)
        if item.name != "name" and not item.metadata.get("other_table")
    ]


def table_of(tables: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    """The table of that name; an empty one if there is none. Raises SettingsError for a value."""
    table = tables.get(name, {})
    if not isinstance(table, dict):
        raise SettingsError(where, f"must be a table, [{where}], not {table!r}")
    return table


def _checked(hint: Any, value: Any, key: str) -> Any:
    """Returns `value` as `hint` has it; raises SettingsError if it is of another type."""
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise SettingsError(key, f"must be a list, not {value!r}")
        return tuple(_checked(typing.get_args(hint)[0], item, key) for item in value)
    if hint is float and type(value) is int:
        value = float(value)
    if type(value) is not hint or (hint is float and not math.isfinite(value)):
        raise SettingsError(key, f"must be {_WORDS.get(hint, hint)}, not {value!r}")
    return value


def _from_text(hint: Any, text: str, variable: str) -> Any:
    """Reads the text of an environment variable as `hint`; the items of a list are separated by
    commas.
    """
    if typing.get_origin(hint) is tuple:
        item = typing.get_args(hint)[0]
        parts = [part.strip() for part in text.split(",")]
        return tuple(_from_text(item, part, variable) for part in parts if part)
    if hint is str:
        return text
    try:
        if hint is bool:
            return _truth(text)
        number = hint(text)
        if math.isfinite(number):
            return number
    except (ValueError, OverflowError):
        pass
    raise SettingsError(variable, f"must be {_WORDS.get(hint, hint)}, not {text!r}")


def _truth(text: str) -> bool:
    if text.strip().lower() not in _TRUE + _FALSE:
        raise ValueError(text)
    return text.strip().lower() in _TRUE
