"""Runs the benchmarks and prints the table for BENCHMARKS.md: `make bench`.

python -m bench [gateway] [jobs] [llm] [tts] [image] [videogen]
"""

import importlib
import sys

from bench.rows import Row, table
from services.common.settings import load_settings

_ALL = ("gateway", "jobs", "llm", "tts", "image", "videogen")


def _runnable() -> list[str]:
    """The gateway, its jobs, and the capabilities whose workers the settings start."""
    started = {row.name for row in load_settings().capabilities if row.start}
    return [name for name in _ALL if name in ("gateway", "jobs", *started)]


def main() -> int:
    """Runs the named benchmarks, or all that can run; exits with 1 if a target was missed."""
    names = sys.argv[1:] or _runnable()
    unknown = [name for name in names if name not in _ALL]
    if unknown:
        print(f"bench: there is no benchmark '{unknown[0]}'; there are {', '.join(_ALL)}")
        return 2
    rows: list[Row] = []
    for name in names:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        rows += importlib.import_module(f"bench.{name}_bench").run()
    print(table(rows))
    return int(any(row.met is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
