"""The signals that end a process: the first one drains, the second one hurries."""

import asyncio
import signal


class StopSignals:
    """SIGTERM and SIGINT as events of the running loop."""

    def __init__(self) -> None:
        self.drain = asyncio.Event()
        """Set by the first signal."""
        self.hurry = asyncio.Event()
        """Set by the second one."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._come)

    def _come(self) -> None:
        (self.hurry if self.drain.is_set() else self.drain).set()
