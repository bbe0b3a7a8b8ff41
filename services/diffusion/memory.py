"""Out of memory: told apart from other faults, and what was taken given back."""

import gc
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from services.common.errors import GpuOutOfMemory

_REMEDY = (
    "ask for fewer or smaller pictures or frames, or set offload, vae_tiling or a smaller dtype"
    " for this worker"
)


@contextmanager
def memory_returned() -> Iterator[None]:
    """Turns running out of memory into GpuOutOfMemory after everything taken has been returned."""
    try:
        yield
        return
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        # The frames of the failed call hold its tensors as long as the traceback lives.
        traceback.clear_frames(error.__traceback__)
        what = (str(error).strip().splitlines() or ["out of memory"])[0]
    return_memory()
    raise GpuOutOfMemory(f"the device has not enough memory ({what[:200]}); {_REMEDY}")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether this is torch's or Python's way of saying so."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return "can't allocate memory" in str(error) or "not enough memory" in str(error)


def return_memory() -> None:
    """Gives unused memory back to the device."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
