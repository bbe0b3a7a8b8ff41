import pytest

from services.common.errors import InvalidArgument
from services.gateway.bridge import headers


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ({}, None),
        ({"grpc-timeout": "500m"}, 0.5),
        ({"grpc-timeout": "2S"}, 2.0),
        ({"grpc-timeout": "1H"}, 3600.0),
        ({"grpc-timeout": "3M"}, 180.0),
        ({"grpc-timeout": "5u"}, 5e-6),
        ({"grpc-timeout": "99999999H"}, 1e8),
        ({"x-request-timeout": "2.5"}, 2.5),
        ({"x-request-timeout": "1e30"}, 1e8),
        ({"x-request-timeout": "9", "grpc-timeout": "3S"}, 3.0),
        ({"x-request-timeout": "3", "grpc-timeout": "9S"}, 3.0),
    ],
)
def test_the_deadline_is_read(given: dict[str, str], seconds: float | None) -> None:
    assert headers.timeout_seconds(given) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("grpc-timeout", value) for value in ("", "5", "5s", "-1S", "1.5S", "123456789S", "٣S")),
        *(("x-request-timeout", value) for value in ("", "soon", "0", "-1", "nan", "inf")),
    ],
)
def test_a_wrong_deadline_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        headers.timeout_seconds({name: value})
    assert [item.field for item in caught.value.violations] == [name]
    assert caught.value.reason == "INVALID_HEADER"


def test_the_calls_metadata_is_its_id_its_trace_and_what_the_prefix_brings() -> None:
    given = {
        "traceparent": "00-a-b-01",
        "tracestate": "x=1",
        "Grpc-Metadata-Tenant": "blue",
        "Grpc-Metadata-Key-Bin": "AP8",
        "cookie": "secret",
        "authorization": "secret",
    }
    assert headers.call_metadata(given, "id-1") == [
        ("x-request-id", "id-1"),
        ("traceparent", "00-a-b-01"),
        ("tracestate", "x=1"),
        ("tenant", "blue"),
        ("key-bin", b"\x00\xff"),
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("grpc-metadata-", "x"),
        ("grpc-metadata-grpc-timeout", "1S"),
        ("grpc-metadata-x-request-id", "1"),
        ("grpc-metadata-a b", "x"),
        ("grpc-metadata-a", "é"),
        ("grpc-metadata-a-bin", "*"),
        ("grpc-metadata-a-bin", "A"),
    ],
)
def test_metadata_that_grpc_cannot_carry_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        headers.call_metadata({name: value}, "id")
    assert [item.field for item in caught.value.violations] == [name]


def test_an_id_is_kept_if_it_can_stand_in_a_log_line() -> None:
    assert headers.request_id({"x-request-id": "abc-1"}) == "abc-1"
    for spoiled in ("a b", "", "x" * 129, "a\x1b[0m"):
        made = headers.request_id({"x-request-id": spoiled})
        assert made not in ("", spoiled)
