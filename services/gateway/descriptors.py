"""Loads every capability's descriptors, so that the gateway describes services whose worker is
down. Knows the capability table, no capability.
"""

import importlib
from collections.abc import Iterable

from google.protobuf import descriptor_pool

from services.common.settings import CapabilityRow, SettingsError


def load_descriptors(rows: Iterable[CapabilityRow]) -> None:
    """Puts the rows' services into the default descriptor pool.

    Raises SettingsError for a row whose stubs or service do not exist.
    """
    for row in rows:
        try:
            importlib.import_module(row.stub_module)
        except ModuleNotFoundError as error:
            raise SettingsError(
                f"capabilities.{row.name}.service",
                f"there are no stubs for '{row.service}': no module {error.name}; "
                "run `make protos`, or name the module with the key stubs",
            ) from None
        try:
            descriptor_pool.Default().FindServiceByName(row.service)
        except KeyError:
            raise SettingsError(
                f"capabilities.{row.name}.service",
                f"{row.stub_module} has no service '{row.service}'",
            ) from None
