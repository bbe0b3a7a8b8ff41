"""Requests are counted by the route as it was declared, whatever paths callers make up."""

import asyncio

import aiohttp
import grpc
import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry

from services.gateway.bridge import BridgeOptions
from services.gateway.bridge.backend import CallFailed
from services.gateway.bridge.metrics import HttpMetrics
from tests.support import bridge_toy
from tests.support.bridge_backend import FakeBackend, Slow, failing
from tests.support.bridge_client import bridge
from tests.support.waiting import until

LIBRARY = "/toy.library.v1.LibraryService"
REPLACE = ("PUT", "/v1/toy/books/{id}")
WATCH = ("GET", "/v1/toy/books:watch")


class Watched:
    """Metrics whose figures can be read, as options of a bridge."""

    def __init__(self, *routes: web.AbstractRouteDef) -> None:
        self.registry = CollectorRegistry()
        self.options = BridgeOptions(metrics=HttpMetrics(self.registry), extra_routes=routes)

    def requests(self, route: tuple[str, str], status: str) -> float | None:
        labels = {"method": route[0], "route": route[1], "status": status}
        return self.registry.get_sample_value("atelier_http_requests_total", labels)

    def seconds(self, route: tuple[str, str]) -> float | None:
        labels = {"method": route[0], "route": route[1]}
        return self.registry.get_sample_value("atelier_http_request_seconds_count", labels)

    @property
    def running(self) -> float | None:
        return self.registry.get_sample_value("atelier_http_requests_running")

    def series(self) -> set[tuple[str, ...]]:
        """The label sets of all series."""
        return {
            (sample.name, *sample.labels.values())
            for family in self.registry.collect()
            for sample in family.samples
        }


async def own(_request: web.Request) -> web.Response:
    return web.Response(text="own")


async def test_every_route_stands_at_zero_from_the_start() -> None:
    watched = Watched(web.get("/v1/own/{name}", own))
    async with bridge(FakeBackend(), watched.options):
        for route in (REPLACE, WATCH, ("GET", "/v1/own/{name}"), ("GET", "/healthz")):
            for status in ("2xx", "4xx", "5xx", "gone"):
                assert watched.requests(route, status) == 0
            assert watched.seconds(route) == 0
        assert watched.running == 0


async def test_a_request_counts_at_its_route_by_the_class_of_its_status() -> None:
    broken = CallFailed(grpc.StatusCode.UNAVAILABLE, "worker lost", capability="toy")
    backend = FakeBackend(unaries={f"{LIBRARY}/DeleteBook": failing(broken)})
    watched = Watched(web.get("/v1/own/{name}", own))
    async with bridge(backend, watched.options) as http:
        await http.put("/v1/toy/books/7", json={"title": "T"})
        await http.put("/v1/toy/books/8", json={"nothing": "such"})
        await http.delete("/v1/toy/books/7")
        await http.get("/v1/own/a")
        await until(lambda: watched.seconds(("GET", "/v1/own/{name}")))
    assert [watched.requests(REPLACE, status) for status in ("2xx", "4xx", "5xx")] == [1, 1, 0]
    assert watched.requests(("DELETE", "/v1/toy/books/{id}"), "5xx") == 1
    assert watched.requests(("GET", "/v1/own/{name}"), "2xx") == 1
    assert watched.seconds(REPLACE) == 2


async def test_no_path_and_no_verb_makes_a_series_of_its_own() -> None:
    watched = Watched()
    async with bridge(FakeBackend(), watched.options) as http:
        before = watched.series()
        for path in ("/", "/nothing", "/v1/nothing", "/v1/toy/books/%2e%2e", "/a%0Ab"):
            await http.get(path)
        await http.request("BREW", "/v1/toy/books")
        await http.options("/v1/toy/books")
        others = ("other", "other")
        await until(lambda: (watched.requests(others, "4xx") or 0) >= 4)
        assert watched.series() == before
        assert watched.requests(others, "2xx") == 1  # the answer to OPTIONS


async def test_a_stream_runs_until_its_caller_has_left() -> None:
    watched = Watched()
    backend = FakeBackend(streams={f"{LIBRARY}/WatchBooks": Slow()})
    async with bridge(backend, watched.options) as http:
        asking = asyncio.create_task(http.get("/v1/toy/books:watch"))
        await until(lambda: watched.running == 1)
        assert watched.seconds(WATCH) == 0
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await until(lambda: watched.requests(WATCH, "gone") == 1)
        assert watched.running == 0


async def test_a_stream_is_measured_to_its_end() -> None:
    watched, slow = Watched(), Slow()
    backend = FakeBackend(streams={f"{LIBRARY}/WatchBooks": slow})
    async with bridge(backend, watched.options) as http:
        slow.queue.put_nowait(bytes(bridge_toy.message("Book", id=1).SerializeToString()))
        async with http.get("/v1/toy/books:watch") as response:
            assert isinstance(response, aiohttp.ClientResponse)
            await response.content.readline()
            assert watched.seconds(WATCH) == 0
            slow.queue.put_nowait(None)
            await response.read()
        await until(lambda: watched.seconds(WATCH) == 1)
        assert watched.requests(WATCH, "2xx") == 1
