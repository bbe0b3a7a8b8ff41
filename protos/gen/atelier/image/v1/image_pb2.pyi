from atelier.common.v1 import progress_pb2 as _progress_pb2
from atelier.options.v1 import options_pb2 as _options_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GenerateImageRequest(_message.Message):
    __slots__ = ("prompt", "negative_prompt", "width", "height", "steps", "guidance_scale", "num_images", "seed", "scheduler", "format", "preview_every_steps", "image", "strength")
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    NEGATIVE_PROMPT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    GUIDANCE_SCALE_FIELD_NUMBER: _ClassVar[int]
    NUM_IMAGES_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    SCHEDULER_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    PREVIEW_EVERY_STEPS_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    STRENGTH_FIELD_NUMBER: _ClassVar[int]
    prompt: str
    negative_prompt: str
    width: int
    height: int
    steps: int
    guidance_scale: float
    num_images: int
    seed: int
    scheduler: str
    format: str
    preview_every_steps: int
    image: bytes
    strength: float
    def __init__(self, prompt: _Optional[str] = ..., negative_prompt: _Optional[str] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., steps: _Optional[int] = ..., guidance_scale: _Optional[float] = ..., num_images: _Optional[int] = ..., seed: _Optional[int] = ..., scheduler: _Optional[str] = ..., format: _Optional[str] = ..., preview_every_steps: _Optional[int] = ..., image: _Optional[bytes] = ..., strength: _Optional[float] = ...) -> None: ...

class GenerateImageResponse(_message.Message):
    __slots__ = ("queued", "loading", "progress", "preview", "image")
    QUEUED_FIELD_NUMBER: _ClassVar[int]
    LOADING_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    PREVIEW_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    queued: _progress_pb2.QueuePlace
    loading: _progress_pb2.ModelLoading
    progress: _progress_pb2.StepProgress
    preview: _progress_pb2.Preview
    image: GeneratedImage
    def __init__(self, queued: _Optional[_Union[_progress_pb2.QueuePlace, _Mapping]] = ..., loading: _Optional[_Union[_progress_pb2.ModelLoading, _Mapping]] = ..., progress: _Optional[_Union[_progress_pb2.StepProgress, _Mapping]] = ..., preview: _Optional[_Union[_progress_pb2.Preview, _Mapping]] = ..., image: _Optional[_Union[GeneratedImage, _Mapping]] = ...) -> None: ...

class GeneratedImage(_message.Message):
    __slots__ = ("data", "content_type", "index", "width", "height", "seed", "warnings", "steps", "model")
    DATA_FIELD_NUMBER: _ClassVar[int]
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    content_type: str
    index: int
    width: int
    height: int
    seed: int
    warnings: _containers.RepeatedScalarFieldContainer[str]
    steps: int
    model: str
    def __init__(self, data: _Optional[bytes] = ..., content_type: _Optional[str] = ..., index: _Optional[int] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., seed: _Optional[int] = ..., warnings: _Optional[_Iterable[str]] = ..., steps: _Optional[int] = ..., model: _Optional[str] = ...) -> None: ...

class DescribeModelRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DescribeModelResponse(_message.Message):
    __slots__ = ("model", "defaults", "limits", "schedulers", "image_to_image", "negative_prompt", "max_queued_calls", "subjects")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    DEFAULTS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    SCHEDULERS_FIELD_NUMBER: _ClassVar[int]
    IMAGE_TO_IMAGE_FIELD_NUMBER: _ClassVar[int]
    NEGATIVE_PROMPT_FIELD_NUMBER: _ClassVar[int]
    MAX_QUEUED_CALLS_FIELD_NUMBER: _ClassVar[int]
    SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    model: _progress_pb2.ModelStatus
    defaults: ImageDefaults
    limits: ImageLimits
    schedulers: _containers.RepeatedScalarFieldContainer[str]
    image_to_image: bool
    negative_prompt: bool
    max_queued_calls: int
    subjects: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, model: _Optional[_Union[_progress_pb2.ModelStatus, _Mapping]] = ..., defaults: _Optional[_Union[ImageDefaults, _Mapping]] = ..., limits: _Optional[_Union[ImageLimits, _Mapping]] = ..., schedulers: _Optional[_Iterable[str]] = ..., image_to_image: _Optional[bool] = ..., negative_prompt: _Optional[bool] = ..., max_queued_calls: _Optional[int] = ..., subjects: _Optional[_Iterable[str]] = ...) -> None: ...

class ImageDefaults(_message.Message):
    __slots__ = ("width", "height", "steps", "guidance_scale", "strength")
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    GUIDANCE_SCALE_FIELD_NUMBER: _ClassVar[int]
    STRENGTH_FIELD_NUMBER: _ClassVar[int]
    width: int
    height: int
    steps: int
    guidance_scale: float
    strength: float
    def __init__(self, width: _Optional[int] = ..., height: _Optional[int] = ..., steps: _Optional[int] = ..., guidance_scale: _Optional[float] = ..., strength: _Optional[float] = ...) -> None: ...

class ImageLimits(_message.Message):
    __slots__ = ("min_side", "max_side", "side_multiple", "max_steps", "max_images", "max_input_pixels", "max_guidance_scale", "min_guidance_scale")
    MIN_SIDE_FIELD_NUMBER: _ClassVar[int]
    MAX_SIDE_FIELD_NUMBER: _ClassVar[int]
    SIDE_MULTIPLE_FIELD_NUMBER: _ClassVar[int]
    MAX_STEPS_FIELD_NUMBER: _ClassVar[int]
    MAX_IMAGES_FIELD_NUMBER: _ClassVar[int]
    MAX_INPUT_PIXELS_FIELD_NUMBER: _ClassVar[int]
    MAX_GUIDANCE_SCALE_FIELD_NUMBER: _ClassVar[int]
    MIN_GUIDANCE_SCALE_FIELD_NUMBER: _ClassVar[int]
    min_side: int
    max_side: int
    side_multiple: int
    max_steps: int
    max_images: int
    max_input_pixels: int
    max_guidance_scale: float
    min_guidance_scale: float
    def __init__(self, min_side: _Optional[int] = ..., max_side: _Optional[int] = ..., side_multiple: _Optional[int] = ..., max_steps: _Optional[int] = ..., max_images: _Optional[int] = ..., max_input_pixels: _Optional[int] = ..., max_guidance_scale: _Optional[float] = ..., min_guidance_scale: _Optional[float] = ...) -> None: ...
