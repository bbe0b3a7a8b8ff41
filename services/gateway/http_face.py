"""Puts the HTTP face together: the bridge, OpenAI's routes, the jobs' files and the gateway's own
services, behind one guard. Knows what each of them needs, and no request.
"""

from collections.abc import Callable, Mapping, Sequence

from google.protobuf import descriptor_pool

from services.common import tls
from services.common.settings import ROOT, AccessSettings, GatewaySettings
from services.common.settings_access import is_loopback
from services.gateway.access.gate import Gate
from services.gateway.backend import GatewayBackend
from services.gateway.bridge.app import BridgeOptions, build_app
from services.gateway.bridge.connections import ConnectionLimits
from services.gateway.bridge.hosts import ANY_HOST
from services.gateway.bridge.metrics import HttpMetrics
from services.gateway.bridge.routes import declared_routes
from services.gateway.bridge.server import HttpServer
from services.gateway.bridge.sse import Pace
from services.gateway.dispatcher import Dispatcher
from services.gateway.jobs.http import WAIT_RULE, deferring, file_paths, file_routes
from services.gateway.jobs.jobs import Jobs
from services.gateway.local_methods import local_methods
from services.gateway.openai import Limits, OpenAiFace, Options


def http_server(
    settings: GatewaySettings,
    access: AccessSettings,
    dispatcher: Dispatcher,
    jobs: Jobs,
    own: Mapping[str, object],
    *,
    metrics: HttpMetrics,
    gate: Gate | None,
    identity: tls.LiveIdentity | None,
    serving: Callable[[], bool],
) -> HttpServer:
    """The face, not yet listening.

    `own` are the services that the gateway itself serves, with their servicers; `identity` is what
    it shows by TLS, None for plain HTTP; `serving` says what GET /healthz answers.
    """
    methods = [local_methods(service, servicer) for service, servicer in own.items()]
    backend = GatewayBackend(
        dispatcher, {path: one for each in methods for path, one in each.items()}
    )
    pool = descriptor_pool.Default()
    services = (*dispatcher.services, *own)
    body_bytes = settings.max_message_mib * 1024 * 1024
    pace = Pace(heartbeat_seconds=settings.heartbeat_seconds)
    openai = OpenAiFace(
        backend,
        jobs,
        Options(limits=Limits(body_bytes), pace=pace, public_url=settings.public_url),
        taken=_first_words(services),
    )
    options = BridgeOptions(
        cors_origins=settings.cors_origins,
        max_body_bytes=body_bytes,
        pace=pace,
        studios=ROOT / settings.web_folder,
        extra_rules=(WAIT_RULE,),
        extra_routes=(*file_routes(jobs), *openai.routes),
        extra_paths={**file_paths(), **openai.paths},
        tell=openai.tell,
        serving=serving,
        hosts=_hosts(settings, access),
        gate=gate,
        defer=deferring(jobs),
        metrics=metrics,
    )
    return HttpServer(
        build_app(backend, pool, services, options),
        host=settings.host,
        port=settings.http_port,
        grace_seconds=settings.shutdown_grace_seconds,
        identity=identity,
        limits=ConnectionLimits(
            head_seconds=access.head_seconds,
            idle_seconds=access.idle_seconds,
            most=access.max_connections,
        ),
    )


def _first_words(services: Sequence[str]) -> set[str]:
    """What follows /v1 in the services' routes, which OpenAI's may not hide."""
    routes = declared_routes(descriptor_pool.Default(), services)
    return {route.template.segments[1] for route in routes if len(route.template.segments) > 1}


def _hosts(settings: GatewaySettings, access: AccessSettings) -> tuple[str, ...]:
    """The names that browsers may use: on loopback only our own, elsewhere what is set, or all."""
    if access.allowed_hosts or is_loopback(settings.host):
        return access.allowed_hosts
    return (ANY_HOST,)
