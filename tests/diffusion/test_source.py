"""What is read from diffusers' source is what its imported classes say."""

import inspect

import diffusers
import pytest

from services.diffusion import source
from services.diffusion.schedulers import FAMILY, FLOW, fitting
from services.diffusion.steps import can_stop

# diffusers' own arithmetic with numpy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array_:DeprecationWarning")

PIPELINES = [
    "CogVideoXImageToVideoPipeline",
    "FluxPipeline",
    "I2VGenXLPipeline",
    "LTXImageToVideoPipeline",
    "PixArtAlphaPipeline",
    "QwenImagePipeline",
    "StableDiffusionImg2ImgPipeline",
    "StableDiffusionPipeline",
    "StableDiffusion3Pipeline",
    "StableVideoDiffusionPipeline",
    "WanImageToVideoPipeline",
]


@pytest.mark.parametrize("name", PIPELINES)
def test_the_parameters_are_those_of_the_class(name: str) -> None:
    signature = inspect.signature(getattr(diffusers, name).__call__).parameters
    read = source.call_parameters(name)
    assert read is not None
    assert [*read] == [name for name in signature if name not in ("self", "kwargs")]
    for parameter, value in read.items():
        if value is source.REQUIRED:
            assert signature[parameter].default is inspect.Parameter.empty
        elif value is not source.UNKNOWN:
            assert signature[parameter].default == value


@pytest.mark.parametrize("name", PIPELINES)
def test_every_pipeline_can_be_stopped(name: str) -> None:
    parameters = source.call_parameters(name) or {}
    assert can_stop(getattr(diffusers, name), parameters)
    assert "callback_on_step_end" in parameters or source.moves_progress_bar(name)


@pytest.mark.parametrize("name", ["NoSuchPipeline", "", "os.system", "a b"])
def test_unknown_classes_are_unknown(name: str) -> None:
    assert source.call_parameters(name) is None
    assert source.sibling(name, "TEXT2IMAGE") is None


@pytest.mark.parametrize(
    ("name", "task", "expected"),
    [
        ("StableDiffusionPipeline", "TEXT2IMAGE", "StableDiffusionPipeline"),
        ("StableDiffusionPipeline", "IMAGE2IMAGE", "StableDiffusionImg2ImgPipeline"),
        ("StableDiffusionXLImg2ImgPipeline", "TEXT2IMAGE", "StableDiffusionXLPipeline"),
        ("LTXPipeline", "IMAGE2VIDEO", "LTXImageToVideoPipeline"),
        ("StableVideoDiffusionPipeline", "TEXT2IMAGE", None),
    ],
)
def test_twins_of_a_family(name: str, task: str, expected: str | None) -> None:
    assert source.sibling(name, task) == expected


@pytest.mark.parametrize(
    ("name", "guidance", "negative"),
    [
        ("StableDiffusionPipeline", "guidance_scale", True),
        ("FluxPipeline", "guidance_scale", False),
        ("QwenImagePipeline", "true_cfg_scale", True),
        ("StableVideoDiffusionPipeline", "max_guidance_scale", False),
    ],
)
def test_names_of_the_guidance(name: str, guidance: str, negative: bool) -> None:
    parameters = source.call_parameters(name) or {}
    assert source.guidance_parameter(parameters) == guidance
    assert source.takes_negative_prompt(parameters) is negative


@pytest.mark.parametrize("name", FAMILY)
def test_the_schedulers_read_each_others_configuration(name: str) -> None:
    compatible = {cls.__name__ for cls in getattr(diffusers, name)().compatibles}
    assert set(FAMILY) <= compatible


@pytest.mark.parametrize("name", FLOW)
def test_these_follow_straight_paths(name: str) -> None:
    assert "use_flow_sigmas" in inspect.signature(getattr(diffusers, name)).parameters


def test_the_models_own_scheduler_comes_first() -> None:
    assert fitting("PNDMScheduler", {})[0] == "PNDMScheduler"
    assert fitting("UniPCMultistepScheduler", {"use_flow_sigmas": True})[1:] == FLOW[:3]
    assert fitting("FlowMatchEulerDiscreteScheduler", {}) == ("FlowMatchEulerDiscreteScheduler",)
    assert fitting("DDIMScheduler", {}, ("PNDMScheduler",)) == ("DDIMScheduler", "PNDMScheduler")
    assert fitting("", {}) == ()
