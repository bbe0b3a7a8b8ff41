"""A session's token stands for a key for a day, and for nobody else's."""

from services.gateway.access.sessions import LIFETIME_SECONDS, Sessions


def test_a_token_names_its_key_until_it_ends() -> None:
    now = 1000.0
    sessions = Sessions(now=lambda: now)
    token = sessions.token("a1")
    assert sessions.key_id(token) == "a1"
    now += LIFETIME_SECONDS
    assert sessions.key_id(token) is None


def test_a_token_cannot_be_changed_or_made_elsewhere() -> None:
    sessions = Sessions()
    token = sessions.token("a1")
    other = token.replace("a1", "b2")
    foreign = Sessions().token("a1")
    for wrong in (other, token[:-1], foreign, "", ".", "a1.99999999999.", "\udcff.\udcff.\udcff"):
        assert sessions.key_id(wrong) is None
