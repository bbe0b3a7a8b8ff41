"""How much room the disks have on which a process keeps something. Knows no file on them."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector


class DiskCollector(Collector):
    """Looks at scrape at the disks of `folders`, which are labelled by what they hold."""

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = dict(folders)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yields free and whole bytes for each folder."""
        free = GaugeMetricFamily(
            "atelier_disk_free_bytes",
            "Bytes that the process may still write to the folder's disk.",
            labels=["folder"],
        )
        size = GaugeMetricFamily(
            "atelier_disk_size_bytes", "Bytes of the folder's disk.", labels=["folder"]
        )
        for name, folder in self._folders.items():
            try:
                usage = shutil.disk_usage(_existing(folder))
            except OSError:  # a disk that is gone must not take the other figures with it
                continue
            free.add_metric([name], usage.free)
            size.add_metric([name], usage.total)
        yield from (free, size)


def _existing(folder: Path) -> Path:
    """The folder, or what will hold it once it is made."""
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())
