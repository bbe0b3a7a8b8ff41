"""Completes the header of a WAV file that was written as a stream. Knows RIFF, no sound.

Who streams a WAV cannot know its length when the header goes out; once the file is whole, the
two lengths can be set right.
"""

import struct
from typing import BinaryIO

LARGEST = 0xFFFFFFFF


def complete_header(file: BinaryIO) -> None:
    """Sets the lengths in the header of a WAV file to what the file has; leaves others alone."""
    end = file.seek(0, 2)
    file.seek(0)
    if file.read(12)[0:4] != b"RIFF":
        return
    position = 12
    while position + 8 <= end:
        file.seek(position)
        name, size = struct.unpack("<4sI", file.read(8))
        if name == b"data":
            _write_length(file, position + 4, end - position - 8)
            _write_length(file, 4, end - 8)
            return
        position += 8 + size + size % 2


def _write_length(file: BinaryIO, position: int, length: int) -> None:
    file.seek(position)
    file.write(struct.pack("<I", min(length, LARGEST)))
