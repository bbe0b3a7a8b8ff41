import weakref

import pytest
import torch

from services.common.errors import GpuOutOfMemory
from services.diffusion.memory import memory_returned


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.\nmore"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 9 bytes"),
        MemoryError(),
    ],
)
def test_out_of_memory_is_told_apart(error: Exception) -> None:
    with pytest.raises(GpuOutOfMemory, match="not enough memory"), memory_returned():
        raise error


def test_other_faults_pass() -> None:
    with pytest.raises(RuntimeError, match="shapes"), memory_returned():
        raise RuntimeError("shapes do not match")


def test_what_the_task_had_taken_is_returned() -> None:
    taken: list[weakref.ref[torch.Tensor]] = []

    def task() -> None:
        tensor = torch.zeros(10)
        taken.append(weakref.ref(tensor))
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(GpuOutOfMemory), memory_returned():
        task()
    assert taken[0]() is None


def test_too_large_a_tensor_is_such_a_case() -> None:
    with pytest.raises(GpuOutOfMemory), memory_returned():
        torch.empty(2**60, dtype=torch.uint8)
