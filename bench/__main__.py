"""Runs the benchmarks and prints the table for BENCHMARKS.md: `make bench`.

python -m bench [gateway] [llm] [tts] [image] [videogen]
"""

import importlib
import sys

from bench.rows import Row, table

_ALL = ("gateway", "llm", "tts", "image", "videogen")


def main() -> int:
    """Runs the named benchmarks, or all; the exit status says whether every target was met."""
    names = sys.argv[1:] or list(_ALL)
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
