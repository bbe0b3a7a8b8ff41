"""Writes all dashboards: `python -m scripts.dashboards [folder]`."""

import sys
from pathlib import Path

from scripts.dashboards.writing import FOLDER, write


def main() -> None:
    """Writes them into the folder; says what it wrote."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    for file in write(folder):
        print(file)


if __name__ == "__main__":
    main()
