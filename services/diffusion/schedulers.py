"""Which schedulers can stand in for which. Knows diffusers' names, not its code."""

from collections.abc import Mapping

FAMILY = (
    "DDIMScheduler",
    "DDPMScheduler",
    "DEISMultistepScheduler",
    "DPMSolverMultistepScheduler",
    "DPMSolverSinglestepScheduler",
    "EulerAncestralDiscreteScheduler",
    "EulerDiscreteScheduler",
    "HeunDiscreteScheduler",
    "KDPM2AncestralDiscreteScheduler",
    "KDPM2DiscreteScheduler",
    "PNDMScheduler",
    "UniPCMultistepScheduler",
)
"""Schedulers that read each other's configuration. Those that need further packages
(LMS: scipy; DPM-Solver SDE: torchsde) are left out."""


FLOW = (
    "DEISMultistepScheduler",
    "DPMSolverMultistepScheduler",
    "DPMSolverSinglestepScheduler",
    "UniPCMultistepScheduler",
)
"""Those of the family that can follow the straight paths of a flow model."""


def fitting(
    own: str, config: Mapping[str, object], chosen: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """The schedulers for a model with the scheduler `own` and its configuration, its own first.

    `chosen` are those that the model's own settings name; they are the whole choice then.
    """
    if not own:
        return ()
    others = chosen
    if not chosen and own in FAMILY:
        others = FLOW if config.get("use_flow_sigmas") else FAMILY
    return tuple(dict.fromkeys((own, *others)))
