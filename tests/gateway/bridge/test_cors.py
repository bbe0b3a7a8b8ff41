import pytest

from services.gateway.bridge.cors import Cors
from services.gateway.bridge.errors import Refused

STUDIO = "http://localhost:5173"
HOST = {"Host": "127.0.0.1:8080"}


@pytest.mark.parametrize(
    ("method", "given"),
    [
        ("POST", {}),
        ("POST", {"Origin": "http://127.0.0.1:8080"}),
        ("POST", {"Origin": STUDIO}),
        ("POST", {"Origin": STUDIO, "Sec-Fetch-Site": "cross-site"}),
        ("POST", {"Origin": "http://other", "Sec-Fetch-Site": "same-origin"}),
        ("POST", {"Sec-Fetch-Site": "none"}),
        ("GET", {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}),
    ],
)
def test_own_pages_configured_pages_and_programs_may_call(
    method: str, given: dict[str, str]
) -> None:
    Cors([f"{STUDIO}/"]).check(method, HOST | given)


@pytest.mark.parametrize(
    ("method", "given"),
    [
        ("POST", {"Origin": "http://evil.example"}),
        ("POST", {"Origin": "null"}),
        ("POST", {"Origin": "http://127.0.0.1:9999"}),
        ("POST", {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}),
        ("DELETE", {"Sec-Fetch-Site": "same-site"}),
    ],
)
def test_a_foreign_page_may_change_nothing(method: str, given: dict[str, str]) -> None:
    with pytest.raises(Refused) as caught:
        Cors([STUDIO]).check(method, HOST | given)
    assert caught.value.http_status == 403


def test_every_origin_may_be_allowed() -> None:
    cors = Cors(["*"])
    cors.check("POST", HOST | {"Origin": "http://any", "Sec-Fetch-Site": "cross-site"})
    assert cors.headers({"Origin": "http://any"})["Access-Control-Allow-Origin"] == "http://any"


def test_only_configured_pages_may_read() -> None:
    cors = Cors([STUDIO])
    assert cors.headers({"Origin": STUDIO})["Access-Control-Allow-Origin"] == STUDIO
    assert cors.headers({"Origin": "http://evil.example"}) == {"Vary": "Origin"}
    assert cors.headers({}) == {"Vary": "Origin"}
    assert Cors([]).headers({"Origin": STUDIO}) == {}


def test_a_preflight_names_what_may_be_sent() -> None:
    asked = {"Origin": STUDIO, "Access-Control-Request-Headers": "content-type,traceparent"}
    answer = Cors([STUDIO]).preflight(asked, "POST, OPTIONS")
    assert answer["Access-Control-Allow-Methods"] == "POST, OPTIONS"
    assert answer["Access-Control-Allow-Headers"] == "content-type,traceparent"
    assert Cors([]).preflight(asked, "POST, OPTIONS") == {"Allow": "POST, OPTIONS"}
