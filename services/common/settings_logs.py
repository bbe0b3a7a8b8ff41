"""The [logs] table: in which form every process writes its log, and how much of it."""

import logging
from dataclasses import dataclass

from services.common.settings_checks import require_one_of

TEXT, JSON = "text", "json"
_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


@dataclass(frozen=True, kw_only=True)
class LogSettings:
    """The [logs] table."""

    format: str = TEXT
    """"text" for people, "json" for programs: one object a line."""
    level: str = "info"
    """The least that is written: "debug", "info" (a line for each call), "warning", "error"."""

    def __post_init__(self) -> None:
        require_one_of("logs", "format", self.format, (TEXT, JSON))
        require_one_of("logs", "level", self.level, tuple(_LEVELS))

    @property
    def level_number(self) -> int:
        """The level as logging counts it."""
        return _LEVELS[self.level]
