from atelier.common.v1 import progress_pb2 as _progress_pb2
from atelier.options.v1 import options_pb2 as _options_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GenerateVideoRequest(_message.Message):
    __slots__ = ("image", "prompt", "negative_prompt", "num_frames", "frames_per_second", "width", "height", "steps", "guidance_scale", "motion_strength", "seed", "format", "preview_every_steps")
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    NEGATIVE_PROMPT_FIELD_NUMBER: _ClassVar[int]
    NUM_FRAMES_FIELD_NUMBER: _ClassVar[int]
    FRAMES_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    GUIDANCE_SCALE_FIELD_NUMBER: _ClassVar[int]
    MOTION_STRENGTH_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    PREVIEW_EVERY_STEPS_FIELD_NUMBER: _ClassVar[int]
    image: bytes
    prompt: str
    negative_prompt: str
    num_frames: int
    frames_per_second: int
    width: int
    height: int
    steps: int
    guidance_scale: float
    motion_strength: float
    seed: int
    format: str
    preview_every_steps: int
    def __init__(self, image: _Optional[bytes] = ..., prompt: _Optional[str] = ..., negative_prompt: _Optional[str] = ..., num_frames: _Optional[int] = ..., frames_per_second: _Optional[int] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., steps: _Optional[int] = ..., guidance_scale: _Optional[float] = ..., motion_strength: _Optional[float] = ..., seed: _Optional[int] = ..., format: _Optional[str] = ..., preview_every_steps: _Optional[int] = ...) -> None: ...

class GenerateVideoResponse(_message.Message):
    __slots__ = ("queued", "loading", "progress", "preview", "encoding", "video", "chunk")
    QUEUED_FIELD_NUMBER: _ClassVar[int]
    LOADING_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    PREVIEW_FIELD_NUMBER: _ClassVar[int]
    ENCODING_FIELD_NUMBER: _ClassVar[int]
    VIDEO_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    queued: _progress_pb2.QueuePlace
    loading: _progress_pb2.ModelLoading
    progress: _progress_pb2.StepProgress
    preview: _progress_pb2.Preview
    encoding: VideoEncoding
    video: VideoInfo
    chunk: VideoChunk
    def __init__(self, queued: _Optional[_Union[_progress_pb2.QueuePlace, _Mapping]] = ..., loading: _Optional[_Union[_progress_pb2.ModelLoading, _Mapping]] = ..., progress: _Optional[_Union[_progress_pb2.StepProgress, _Mapping]] = ..., preview: _Optional[_Union[_progress_pb2.Preview, _Mapping]] = ..., encoding: _Optional[_Union[VideoEncoding, _Mapping]] = ..., video: _Optional[_Union[VideoInfo, _Mapping]] = ..., chunk: _Optional[_Union[VideoChunk, _Mapping]] = ...) -> None: ...

class VideoEncoding(_message.Message):
    __slots__ = ("num_frames",)
    NUM_FRAMES_FIELD_NUMBER: _ClassVar[int]
    num_frames: int
    def __init__(self, num_frames: _Optional[int] = ...) -> None: ...

class VideoInfo(_message.Message):
    __slots__ = ("content_type", "size_bytes", "duration_seconds", "width", "height", "num_frames", "frames_per_second", "seed", "warnings", "steps", "model")
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    DURATION_SECONDS_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    NUM_FRAMES_FIELD_NUMBER: _ClassVar[int]
    FRAMES_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    content_type: str
    size_bytes: int
    duration_seconds: float
    width: int
    height: int
    num_frames: int
    frames_per_second: int
    seed: int
    warnings: _containers.RepeatedScalarFieldContainer[str]
    steps: int
    model: str
    def __init__(self, content_type: _Optional[str] = ..., size_bytes: _Optional[int] = ..., duration_seconds: _Optional[float] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., num_frames: _Optional[int] = ..., frames_per_second: _Optional[int] = ..., seed: _Optional[int] = ..., warnings: _Optional[_Iterable[str]] = ..., steps: _Optional[int] = ..., model: _Optional[str] = ...) -> None: ...

class VideoChunk(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    def __init__(self, data: _Optional[bytes] = ...) -> None: ...

class DescribeModelRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DescribeModelResponse(_message.Message):
    __slots__ = ("model", "defaults", "limits", "supported_fields", "max_queued_calls", "cancel_within_step", "motions")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    DEFAULTS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    SUPPORTED_FIELDS_FIELD_NUMBER: _ClassVar[int]
    MAX_QUEUED_CALLS_FIELD_NUMBER: _ClassVar[int]
    CANCEL_WITHIN_STEP_FIELD_NUMBER: _ClassVar[int]
    MOTIONS_FIELD_NUMBER: _ClassVar[int]
    model: _progress_pb2.ModelStatus
    defaults: VideoDefaults
    limits: VideoLimits
    supported_fields: _containers.RepeatedScalarFieldContainer[str]
    max_queued_calls: int
    cancel_within_step: bool
    motions: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, model: _Optional[_Union[_progress_pb2.ModelStatus, _Mapping]] = ..., defaults: _Optional[_Union[VideoDefaults, _Mapping]] = ..., limits: _Optional[_Union[VideoLimits, _Mapping]] = ..., supported_fields: _Optional[_Iterable[str]] = ..., max_queued_calls: _Optional[int] = ..., cancel_within_step: _Optional[bool] = ..., motions: _Optional[_Iterable[str]] = ...) -> None: ...

class VideoDefaults(_message.Message):
    __slots__ = ("num_frames", "frames_per_second", "width", "height", "steps", "guidance_scale", "motion_strength")
    NUM_FRAMES_FIELD_NUMBER: _ClassVar[int]
    FRAMES_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    GUIDANCE_SCALE_FIELD_NUMBER: _ClassVar[int]
    MOTION_STRENGTH_FIELD_NUMBER: _ClassVar[int]
    num_frames: int
    frames_per_second: int
    width: int
    height: int
    steps: int
    guidance_scale: float
    motion_strength: float
    def __init__(self, num_frames: _Optional[int] = ..., frames_per_second: _Optional[int] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., steps: _Optional[int] = ..., guidance_scale: _Optional[float] = ..., motion_strength: _Optional[float] = ...) -> None: ...

class VideoLimits(_message.Message):
    __slots__ = ("min_frames", "max_frames", "frame_multiple", "min_side", "max_side", "side_multiple", "max_steps", "max_input_pixels", "max_guidance_scale", "min_guidance_scale")
    MIN_FRAMES_FIELD_NUMBER: _ClassVar[int]
    MAX_FRAMES_FIELD_NUMBER: _ClassVar[int]
    FRAME_MULTIPLE_FIELD_NUMBER: _ClassVar[int]
    MIN_SIDE_FIELD_NUMBER: _ClassVar[int]
    MAX_SIDE_FIELD_NUMBER: _ClassVar[int]
    SIDE_MULTIPLE_FIELD_NUMBER: _ClassVar[int]
    MAX_STEPS_FIELD_NUMBER: _ClassVar[int]
    MAX_INPUT_PIXELS_FIELD_NUMBER: _ClassVar[int]
    MAX_GUIDANCE_SCALE_FIELD_NUMBER: _ClassVar[int]
    MIN_GUIDANCE_SCALE_FIELD_NUMBER: _ClassVar[int]
    min_frames: int
    max_frames: int
    frame_multiple: int
    min_side: int
    max_side: int
    side_multiple: int
    max_steps: int
    max_input_pixels: int
    max_guidance_scale: float
    min_guidance_scale: float
    def __init__(self, min_frames: _Optional[int] = ..., max_frames: _Optional[int] = ..., frame_multiple: _Optional[int] = ..., min_side: _Optional[int] = ..., max_side: _Optional[int] = ..., side_multiple: _Optional[int] = ..., max_steps: _Optional[int] = ..., max_input_pixels: _Optional[int] = ..., max_guidance_scale: _Optional[float] = ..., min_guidance_scale: _Optional[float] = ...) -> None: ...
