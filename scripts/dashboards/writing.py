"""All dashboards, and how they become files. Knows no panel."""

import json
from collections.abc import Callable
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from scripts.dashboards import jobs, llm, overview, red, workers
from scripts.dashboards.board import Board

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "grafana" / "dashboards"
ALL: tuple[Callable[[], Board], ...] = (
    overview.board,
    red.board,
    llm.board,
    workers.board,
    jobs.board,
)


def write(folder: Path) -> list[Path]:
    """Writes each dashboard to <uid>.json, and removes what is no dashboard any more."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {folder / f"{board.uid}.json": text_of(board) for board in (make() for make in ALL)}
    for stray in set(folder.glob("*.json")) - set(texts):
        stray.unlink()
    for file, text in texts.items():
        file.write_text(text, encoding="utf-8")
    return list(texts)


def text_of(board: Board) -> str:
    """The dashboard as Grafana reads it."""
    return json.dumps(board.build(), cls=JSONEncoder, indent=1, sort_keys=True) + "\n"
