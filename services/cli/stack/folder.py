"""Where a running stack keeps its files: configuration, socket, logs. Knows names, no contents."""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.common.settings import ROOT

# The path of a Unix socket may have 108 bytes on Linux, 104 elsewhere.
LONGEST_SOCKET_PATH = 100


@dataclass(frozen=True)
class RunFolder:
    """The run folder of one stack; two stacks need two folders and other ports."""

    path: Path

    @property
    def configuration(self) -> Path:
        """What supervisord reads."""
        return self.path / "supervisord.conf"

    @property
    def pid_file(self) -> Path:
        """Where supervisord writes its process id."""
        return self.path / "supervisord.pid"

    @property
    def lock_file(self) -> Path:
        """Held while a stack is being started."""
        return self.path / "starting.lock"

    @property
    def logs(self) -> Path:
        """The folder of the logs."""
        return self.path / "logs"

    @property
    def socket(self) -> Path:
        """Where supervisord listens; elsewhere if the folder's path is too long for a socket."""
        inside = self.path / "supervisor.sock"
        if len(os.fsencode(inside)) <= LONGEST_SOCKET_PATH:
            return inside
        digest = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"atelier-{os.getuid()}-{digest}.sock"

    def log(self, name: str) -> Path:
        """The log of a process."""
        return self.logs / f"{name}.log"

    def make(self) -> None:
        """Makes the folders; only their owner may look inside."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.logs.mkdir(exist_ok=True)


def run_folder(env: Mapping[str, str] = os.environ) -> RunFolder:
    """ATELIER_RUN_DIR, or .run in the repository."""
    named = env.get("ATELIER_RUN_DIR")
    return RunFolder(Path(named).expanduser().resolve() if named else ROOT / ".run")
