"""A presence has left once its last stream has ended and the grace time has passed, not before."""

import asyncio

from services.gateway.jobs.presence import Presence, Presences

FOR_EVER = 10_000.0
TAB = Presence("ada", "tab")


class Door:
    """Presences, and who has left."""

    def __init__(self, grace_seconds: float) -> None:
        self.left: asyncio.Queue[Presence] = asyncio.Queue()
        self.presences = Presences(grace_seconds, self.left.put_nowait)

    async def next_to_leave(self) -> Presence:
        return await asyncio.wait_for(self.left.get(), 30)

    def leaving(self) -> set[Presence]:
        return set(self.presences._leaving)


async def test_who_never_came_leaves_after_the_grace_time() -> None:
    door = Door(0)
    door.presences.expect(TAB)
    assert await door.next_to_leave() == TAB


async def test_the_last_of_several_streams_counts() -> None:
    door = Door(0)
    with door.presences.here(TAB):
        with door.presences.here(TAB):
            pass
        door.presences.expect(TAB)
        assert door.leaving() == set()
    assert await door.next_to_leave() == TAB


async def test_who_comes_back_in_time_has_not_left() -> None:
    door = Door(FOR_EVER)
    with door.presences.here(TAB):
        pass
    assert door.leaving() == {TAB}
    with door.presences.here(TAB):
        assert door.leaving() == set()
        assert door.left.empty()
    door.presences.close()


async def test_a_new_job_begins_the_time_anew() -> None:
    door = Door(FOR_EVER)
    door.presences.expect(TAB)
    first = door.presences._leaving[TAB]
    door.presences.expect(TAB)
    assert first.cancelled()
    assert door.presences._leaving[TAB].when() >= first.when()
    door.presences.close()


async def test_nobody_leaves_a_gateway_that_ends() -> None:
    door = Door(0)
    door.presences.expect(TAB)
    door.presences.close()
    with door.presences.here(Presence("bob", "other")):
        pass
    door.presences.expect(Presence("bob", "third"))
    assert door.leaving() == set()
    assert door.left.empty()


async def test_those_without_a_presence_are_nobody() -> None:
    door = Door(0)
    with door.presences.here(Presence("ada", "")):
        pass
    door.presences.expect(Presence("ada", ""))
    assert door.leaving() == set()
