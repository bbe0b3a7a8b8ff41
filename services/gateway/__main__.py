"""Starts the gateway: `python -m services.gateway`."""

import asyncio
import sys

from services.common import logs, tracing
from services.common.settings import Settings, SettingsError, load_settings
from services.gateway.gateway import Gateway


async def _serve(settings: Settings) -> None:
    await Gateway(settings).serve()


def main() -> None:
    """Serves until SIGTERM; exits with one line if a setting is wrong."""
    try:
        settings = load_settings()
        logs.configure("gateway", settings.logs)
        tracing.start(settings.telemetry, "gateway")
        asyncio.run(_serve(settings))
    except SettingsError as error:
        sys.exit(f"gateway: {error}")
    finally:
        tracing.stop()


if __name__ == "__main__":
    main()
