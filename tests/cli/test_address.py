"""Which gateway a command calls, and how it shows who it is."""

from argparse import Namespace
from pathlib import Path

import pytest

from services.cli.client.address import Gateway, Trust, gateway_channel, named_gateway
from services.cli.complaint import ComplaintError
from services.common.settings import SettingsError

OWN = "127.0.0.1:50050"
FOLDER = {"ATELIER_TLS_FOLDER": "/certificates"}
OWN_TRUST = Trust("/certificates/ca.pem")


def named(env: dict[str, str] | None = None, **options: str) -> Gateway:
    given: dict[str, str | None] = {"address": None, "key": None, "ca": None, "certificate": None}
    return named_gateway(Namespace(**(given | options)), env or {})


@pytest.mark.parametrize(
    ("env", "options", "expected"),
    [
        ({}, {}, Gateway(OWN)),
        ({"ATELIER_GATEWAY": "there:1"}, {}, Gateway("there:1")),
        ({"ATELIER_GATEWAY": "there:1"}, {"address": "here:2"}, Gateway("here:2")),
        ({"ATELIER_KEY": "a"}, {}, Gateway(OWN, "a")),
        ({"ATELIER_KEY": "a"}, {"key": "b"}, Gateway(OWN, "b")),
        (FOLDER, {}, Gateway(OWN, "", OWN_TRUST)),
        (FOLDER, {"address": OWN}, Gateway(OWN, "", OWN_TRUST)),
        (FOLDER, {"address": "there:1"}, Gateway("there:1")),
        (FOLDER, {"ca": "a.pem"}, Gateway(OWN, "", Trust("a.pem"))),
        ({}, {"address": "there:1", "ca": "a.pem"}, Gateway("there:1", "", Trust("a.pem"))),
        ({"ATELIER_CA": "system"}, {}, Gateway(OWN, "", Trust())),
        (
            {"ATELIER_CA": "a.pem", "ATELIER_CERTIFICATE": "b.pem"},
            {},
            Gateway(OWN, "", Trust("a.pem", "b.pem")),
        ),
        (
            FOLDER | {"ATELIER_TLS_CLIENT_CA": "x.pem"},
            {},
            Gateway(OWN, "", Trust("/certificates/ca.pem", "/certificates/client.pem")),
        ),
        (
            {"ATELIER_TLS_CERTIFICATE": "public.pem", "ATELIER_TLS_KEY": "public.key"},
            {},
            Gateway(OWN, "", Trust()),
        ),
    ],
)
def test_options_go_before_the_environment_and_that_before_the_settings(
    env: dict[str, str], options: dict[str, str], expected: Gateway
) -> None:
    assert named(env, **options) == expected


def test_another_gateway_can_be_called_although_the_settings_are_broken(tmp_path: Path) -> None:
    broken = {"ATELIER_SETTINGS": str(tmp_path / "nowhere.toml")}
    assert named(broken, address="there:1") == Gateway("there:1")
    with pytest.raises(SettingsError):
        named(broken)


def test_a_key_is_not_shown_by_mistake() -> None:
    assert "secret" not in repr(named(key="secret"))


def test_a_certificate_that_is_not_there_is_said() -> None:
    gateway = Gateway(OWN, "", Trust("/nowhere/ca.pem"))
    with (
        pytest.raises(ComplaintError, match=r"cannot read /nowhere/ca\.pem"),
        gateway_channel(gateway),
    ):
        pass
