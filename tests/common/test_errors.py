"""Domain errors as google.rpc.Status."""

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import error_details_pb2, status_pb2
from hypothesis import given
from hypothesis import strategies as st

from services.common.errors import (
    AtelierError,
    FieldViolation,
    InvalidArgument,
    NotFound,
    cut,
    error_info,
    to_status,
)

wild_text = st.text(st.characters(), max_size=3000)  # surrogates among them


def test_a_status_names_who_speaks_and_why() -> None:
    status = to_status(NotFound("voice", "jim"), "tts.atelier")
    assert status.message == "there is no voice 'jim'"
    info = error_info(status)
    assert (info.reason, info.domain) == ("NOT_FOUND", "tts.atelier")
    assert dict(info.metadata) == {"voice": "jim"}


def test_an_error_of_the_same_class_may_have_a_reason_of_its_own() -> None:
    assert AtelierError("x", reason="SPECIAL").reason == "SPECIAL"
    assert AtelierError("x").reason == "INTERNAL"


@given(message=wild_text, fields=st.lists(wild_text, max_size=20))
def test_a_status_always_fits_into_trailers(message: str, fields: list[str]) -> None:
    violations = tuple(FieldViolation(text, text) for text in fields)
    metadata = {str(number): text for number, text in enumerate(fields)}
    status = to_status(AtelierError(message, violations=violations, metadata=metadata), "d")
    percent_encoded = 3 * len(status.message.encode())
    in_base64 = 4 * status.ByteSize() / 3
    assert percent_encoded + in_base64 < 7500


def test_of_many_violations_the_first_ones_are_told() -> None:
    violations = tuple(FieldViolation(f"field[{number}]", "x" * 100) for number in range(100))
    status = to_status(InvalidArgument(*violations), "d")
    request = error_details_pb2.BadRequest()
    assert any(item.Unpack(request) for item in status.details)
    told = [item.field for item in request.field_violations]
    assert 5 < len(told) < 100
    assert told == [f"field[{number}]" for number in range(len(told))]


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("short", 5, "short"),
        ("longer", 5, "lo…"),
        ("ééé", 6, "ééé"),
        ("éééé", 6, "é…"),
        ("😀😀", 7, "😀…"),
        ("\udcff", 5, "?"),
        ("", 5, ""),
    ],
)
def test_a_text_is_cut_between_characters(text: str, limit: int, expected: str) -> None:
    assert cut(text, limit) == expected


def test_a_status_without_details_has_an_empty_info() -> None:
    assert error_info(None).reason == ""
    assert error_info(status_pb2.Status(code=13)).reason == ""


def test_broken_details_are_passed_over() -> None:
    broken = AnyMessage(type_url="type.googleapis.com/google.rpc.ErrorInfo", value=b"\xff\xff")
    good = AnyMessage()
    good.Pack(error_details_pb2.ErrorInfo(reason="GOOD"))
    assert error_info(status_pb2.Status(details=[broken])).reason == ""
    assert error_info(status_pb2.Status(details=[broken, good])).reason == "GOOD"
