"""Starts the gateway: `python -m services.gateway`."""

import asyncio
import sys

from services.common import logs
from services.common.settings import SettingsError, load_settings
from services.gateway.gateway import Gateway


async def _serve() -> None:
    await Gateway(load_settings()).serve()


def main() -> None:
    """Serves until SIGTERM; exits with one line if a setting is wrong."""
    logs.configure("gateway")
    try:
        asyncio.run(_serve())
    except SettingsError as error:
        sys.exit(f"gateway: {error}")


if __name__ == "__main__":
    main()
