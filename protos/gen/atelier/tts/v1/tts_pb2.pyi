from atelier.common.v1 import progress_pb2 as _progress_pb2
from atelier.options.v1 import options_pb2 as _options_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.api import httpbody_pb2 as _httpbody_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SynthesizeRequest(_message.Message):
    __slots__ = ("text", "voice", "format", "speed", "seed")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    VOICE_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    SPEED_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    text: str
    voice: str
    format: str
    speed: float
    seed: int
    def __init__(self, text: _Optional[str] = ..., voice: _Optional[str] = ..., format: _Optional[str] = ..., speed: _Optional[float] = ..., seed: _Optional[int] = ...) -> None: ...

class StreamSynthesizeResponse(_message.Message):
    __slots__ = ("queued", "loading", "started", "sentence", "audio", "finished")
    QUEUED_FIELD_NUMBER: _ClassVar[int]
    LOADING_FIELD_NUMBER: _ClassVar[int]
    STARTED_FIELD_NUMBER: _ClassVar[int]
    SENTENCE_FIELD_NUMBER: _ClassVar[int]
    AUDIO_FIELD_NUMBER: _ClassVar[int]
    FINISHED_FIELD_NUMBER: _ClassVar[int]
    queued: _progress_pb2.QueuePlace
    loading: _progress_pb2.ModelLoading
    started: SpeechStarted
    sentence: SpeechSentence
    audio: SpeechAudio
    finished: SpeechFinished
    def __init__(self, queued: _Optional[_Union[_progress_pb2.QueuePlace, _Mapping]] = ..., loading: _Optional[_Union[_progress_pb2.ModelLoading, _Mapping]] = ..., started: _Optional[_Union[SpeechStarted, _Mapping]] = ..., sentence: _Optional[_Union[SpeechSentence, _Mapping]] = ..., audio: _Optional[_Union[SpeechAudio, _Mapping]] = ..., finished: _Optional[_Union[SpeechFinished, _Mapping]] = ...) -> None: ...

class SpeechStarted(_message.Message):
    __slots__ = ("content_type", "sample_rate", "channels", "voice", "seed", "warnings")
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_RATE_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    VOICE_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    content_type: str
    sample_rate: int
    channels: int
    voice: str
    seed: int
    warnings: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, content_type: _Optional[str] = ..., sample_rate: _Optional[int] = ..., channels: _Optional[int] = ..., voice: _Optional[str] = ..., seed: _Optional[int] = ..., warnings: _Optional[_Iterable[str]] = ...) -> None: ...

class SpeechSentence(_message.Message):
    __slots__ = ("text", "offset", "start_seconds")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    START_SECONDS_FIELD_NUMBER: _ClassVar[int]
    text: str
    offset: int
    start_seconds: float
    def __init__(self, text: _Optional[str] = ..., offset: _Optional[int] = ..., start_seconds: _Optional[float] = ...) -> None: ...

class SpeechAudio(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    def __init__(self, data: _Optional[bytes] = ...) -> None: ...

class SpeechFinished(_message.Message):
    __slots__ = ("audio_seconds", "real_time_factor", "time_to_first_audio_seconds")
    AUDIO_SECONDS_FIELD_NUMBER: _ClassVar[int]
    REAL_TIME_FACTOR_FIELD_NUMBER: _ClassVar[int]
    TIME_TO_FIRST_AUDIO_SECONDS_FIELD_NUMBER: _ClassVar[int]
    audio_seconds: float
    real_time_factor: float
    time_to_first_audio_seconds: float
    def __init__(self, audio_seconds: _Optional[float] = ..., real_time_factor: _Optional[float] = ..., time_to_first_audio_seconds: _Optional[float] = ...) -> None: ...

class ListVoicesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListVoicesResponse(_message.Message):
    __slots__ = ("voices",)
    VOICES_FIELD_NUMBER: _ClassVar[int]
    voices: _containers.RepeatedCompositeFieldContainer[Voice]
    def __init__(self, voices: _Optional[_Iterable[_Union[Voice, _Mapping]]] = ...) -> None: ...

class Voice(_message.Message):
    __slots__ = ("id", "language", "display_name")
    ID_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    id: str
    language: str
    display_name: str
    def __init__(self, id: _Optional[str] = ..., language: _Optional[str] = ..., display_name: _Optional[str] = ...) -> None: ...

class DescribeModelRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DescribeModelResponse(_message.Message):
    __slots__ = ("model", "sample_rate", "formats", "max_unary_characters", "max_stream_characters", "max_queued_calls")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_RATE_FIELD_NUMBER: _ClassVar[int]
    FORMATS_FIELD_NUMBER: _ClassVar[int]
    MAX_UNARY_CHARACTERS_FIELD_NUMBER: _ClassVar[int]
    MAX_STREAM_CHARACTERS_FIELD_NUMBER: _ClassVar[int]
    MAX_QUEUED_CALLS_FIELD_NUMBER: _ClassVar[int]
    model: _progress_pb2.ModelStatus
    sample_rate: int
    formats: _containers.RepeatedScalarFieldContainer[str]
    max_unary_characters: int
    max_stream_characters: int
    max_queued_calls: int
    def __init__(self, model: _Optional[_Union[_progress_pb2.ModelStatus, _Mapping]] = ..., sample_rate: _Optional[int] = ..., formats: _Optional[_Iterable[str]] = ..., max_unary_characters: _Optional[int] = ..., max_stream_characters: _Optional[int] = ..., max_queued_calls: _Optional[int] = ...) -> None: ...
