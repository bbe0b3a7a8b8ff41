"""Which device a worker computes on. Knows the setting's words; torch's answer is handed in."""

import re

from services.common.settings import SettingsError


def pick_device(setting: str, *, cuda_devices: int) -> str:
    """The device for a `device` setting on a machine with `cuda_devices` GPUs.

    Returns "cpu" or "cuda:<number>". Raises SettingsError for a word that is no device, or a GPU
    that is not there.
    """
    if setting == "auto":
        return "cuda:0" if cuda_devices else "cpu"
    if setting == "cpu":
        return setting
    match = re.fullmatch(r"cuda(?::(\d+))?", setting)
    if match is None:
        raise SettingsError("device", f"'{setting}' is none of auto, cpu, cuda:<number>")
    number = int(match[1] or 0)
    if number >= cuda_devices:
        raise SettingsError(
            "device",
            f"'{setting}' is not there, this machine shows {cuda_devices} GPUs; use auto or cpu",
        )
    return f"cuda:{number}"
