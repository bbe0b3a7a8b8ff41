from google.protobuf import descriptor_pb2 as _descriptor_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class FilePart(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FILE_PART_UNSPECIFIED: _ClassVar[FilePart]
    FILE_PART_WHOLE: _ClassVar[FilePart]
    FILE_PART_CHUNK: _ClassVar[FilePart]
FILE_PART_UNSPECIFIED: FilePart
FILE_PART_WHOLE: FilePart
FILE_PART_CHUNK: FilePart
TASK_FIELD_NUMBER: _ClassVar[int]
task: _descriptor.FieldDescriptor
FILE_FIELD_NUMBER: _ClassVar[int]
file: _descriptor.FieldDescriptor
DRAWN_FIELD_NUMBER: _ClassVar[int]
drawn: _descriptor.FieldDescriptor
