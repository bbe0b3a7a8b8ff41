"""The gate lets in who shows a key, in each of the ways to show one, and nobody else."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.api_keys import LiveKeys
from services.gateway import caller
from services.gateway.access.errors import KeyRequired, RateLimited, TooManyCalls
from services.gateway.access.gate import Gate
from tests.support.locked import Keys

texts = st.text(st.characters(), max_size=80) | st.sampled_from(["Bearer ", "bearer", "Basic a"])


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys") / "keys.json")


@pytest.fixture(scope="module")
def secret(keys: Keys) -> str:
    return keys.add("ada", concurrent=2)


@pytest.fixture(scope="module")
def gate(keys: Keys, secret: str) -> Gate:
    return Gate(LiveKeys(keys.path), calls_per_caller=9)


@given(authorization=texts, x_api_key=texts, session=texts)
def test_no_made_up_key_opens(gate: Gate, authorization: str, x_api_key: str, session: str) -> None:
    with pytest.raises(KeyRequired):
        gate.key(authorization=authorization, x_api_key=x_api_key, session=session)


def test_a_key_may_be_shown_in_each_way(gate: Gate, secret: str) -> None:
    ada = gate.key(authorization=f"Bearer {secret}")
    ways = [
        {"authorization": f"bearer  {secret} "},
        {"x_api_key": secret},
        {"authorization": "Basic abc", "x_api_key": secret},
        {"session": gate.sessions.token(ada.id)},
    ]
    assert [gate.key(**way) for way in ways] == [ada] * 4


def test_a_wrong_key_is_not_made_good_by_a_session(gate: Gate, secret: str) -> None:
    token = gate.sessions.token(gate.key(x_api_key=secret).id)
    with pytest.raises(KeyRequired):
        gate.key(authorization="Bearer wrong", session=token)


def test_inside_the_caller_is_known_and_outside_not(gate: Gate, secret: str) -> None:
    with gate.admitted(gate.key(x_api_key=secret)):
        assert caller.current.get().name == "ada"
    assert caller.current.get() == caller.ANYBODY


def test_a_place_is_free_again_however_the_call_ends(gate: Gate, secret: str) -> None:
    key = gate.key(x_api_key=secret)
    for _ in range(5):
        with pytest.raises(ZeroDivisionError), gate.admitted(key):
            raise ZeroDivisionError
    with gate.admitted(key), gate.admitted(key):
        with pytest.raises(TooManyCalls), gate.admitted(key):
            pass


def test_new_limits_of_a_key_hold_at_once(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys.json")
    secret = keys.add("ada", rate=1)
    now = 0.0
    gate = Gate(LiveKeys(keys.path), calls_per_caller=9, clock=lambda: now)
    with gate.admitted(gate.key(x_api_key=secret)):
        pass
    with pytest.raises(RateLimited), gate.admitted(gate.key(x_api_key=secret)):
        pass
    keys.path.write_text(
        keys.path.read_text().replace('"rate_per_minute": 1', '"rate_per_minute": 200')
    )
    with gate.admitted(gate.key(x_api_key=secret)):
        pass
