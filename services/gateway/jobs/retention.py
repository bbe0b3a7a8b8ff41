"""Which ended jobs have to go: the oldest first, by age, count and bytes. Decides, and no more."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.common.settings_jobs import JobSettings

_DAY_SECONDS = 86400.0


@dataclass(frozen=True)
class Kept:
    """An ended job that is kept."""

    id: str
    end_time: float
    """Seconds since 1970."""
    size_bytes: int


def oldest_kept(settings: JobSettings, now: float) -> float:
    """A job that ended before this has to go; seconds since 1970, as `now`."""
    return now - settings.keep_days * _DAY_SECONDS


def to_evict(ended: Sequence[Kept], settings: JobSettings, now: float) -> list[str]:
    """The ids of those that have to go; `ended` are all ended jobs, the newest end first.

    The newest one stays even if it alone has more bytes than may be kept: whoever waited for it
    has still to fetch it.
    """
    oldest = oldest_kept(settings, now)
    room = settings.keep_mib * 1024 * 1024
    gone = []
    for place, job in enumerate(ended):
        room -= job.size_bytes
        too_many = place >= settings.keep_count
        too_large = room < 0 and place > 0
        if too_many or too_large or job.end_time < oldest:
            gone.append(job.id)
    return gone
