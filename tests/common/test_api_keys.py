"""What is kept of a key opens nothing, and a broken file opens nothing either."""

import json
import stat
from pathlib import Path

import pytest

from services.common.api_keys import LiveKeys, make_key, read_keys, write_keys
from services.common.settings import SettingsError


def test_a_key_is_found_by_its_secret_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "keys.json"
    (ada, secret), (bob, _) = make_key("ada", concurrent=3), make_key("bob")
    write_keys(path, [ada, bob])
    keys = LiveKeys(path)
    assert keys.find(secret) == ada
    identity = secret.split("_")[1]
    wrong = [
        *(secret[:-1] + ("A" if secret[-1] != "A" else "B"), secret[:-1], secret + "A"),
        *(ada.hash, ada.id, "", "atelier_", secret.replace(identity, bob.id), "\udcff", secret * 9),
    ]
    for text in wrong:
        assert keys.find(text) is None


def test_the_file_holds_no_secret_and_is_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    key, secret = make_key("ada")
    write_keys(path, [key])
    assert secret.rpartition("_")[2] not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert key.hash not in repr(key)
    assert read_keys(path) == (key,)


def test_no_two_secrets_are_alike_and_each_has_32_random_bytes() -> None:
    secrets = {make_key("ada")[1] for _ in range(100)}
    assert len(secrets) == 100
    assert all(len(secret.split("_", 2)[2]) == 43 for secret in secrets)


@pytest.mark.parametrize("name", ["", "a b", "../keys", "ä", "a" * 65, "-rm"])
def test_a_name_is_a_word(name: str) -> None:
    with pytest.raises(ValueError, match="is no name for a key"):
        make_key(name)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"keys": 3}',
        '{"keys": [{}]}',
        json.dumps({"keys": [{"name": "a", "id": "b", "hash": "", "created": ""}]}),
        json.dumps(
            {"keys": [{"name": "a", "id": "b", "hash": "0" * 64, "created": "", "concurrent": -1}]}
        ),
    ],
)
def test_a_broken_file_is_an_error_that_tells_nothing_of_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content)
    with pytest.raises(SettingsError) as caught:
        read_keys(path)
    assert str(caught.value) == f"access.keys_file: {path} is no file of keys; see `atelier keys`"


def test_what_is_broken_or_gone_later_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    (ada, secret), (bob, other) = make_key("ada"), make_key("bob")
    write_keys(path, [ada])
    keys = LiveKeys(path)
    path.write_text("{")
    assert keys.find(secret) == ada
    path.unlink()
    assert keys.find(secret) == ada
    write_keys(path, [bob])
    assert (keys.find(secret), keys.find(other)) == (None, bob)
