"""A recipe that does what the environment says: `python -m tests.support.common_recipe FOLDER`."""

import os
import signal
import sys
import time
from pathlib import Path


def main() -> int:
    """Writes the model, or fails in the way that is asked for."""
    folder = Path(sys.argv[1])
    kind = os.environ.get("TEST_RECIPE", "works")
    with Path(os.environ["TEST_RECIPE_LOG"]).open("a") as log:
        log.write(f"{kind}\n")
    if kind == "writes nothing":
        return 0
    (folder / "weights").write_text("1 2 3")
    if kind == "fails":
        return 3
    if kind == "is killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "waits":
        gate = Path(os.environ["TEST_RECIPE_GATE"])
        while not gate.exists():
            time.sleep(0.01)
    return 0


if __name__ == "__main__":
    sys.exit(main())
