"""What the processes are told: one commented file, atelier.toml, and the environment over it.

Knows the gateway's table, the capability table and the keys that every worker has. A worker's
own keys are declared by a subclass of WorkerSettings in the worker's folder.

The environment variable of a key is ATELIER_<TABLE>_<KEY>, for example ATELIER_GATEWAY_HTTP_PORT
or ATELIER_LLM_DEVICE. ATELIER_SETTINGS names another file.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from services.common.grpc_options import address
from services.common.settings_access import AccessSettings, require_safe_worker
from services.common.settings_checks import (
    require_distinct,
    require_host,
    require_message_size,
    require_not_negative,
    require_one_of,
    require_ports,
    require_positive,
    require_service,
    require_url,
)
from services.common.settings_jobs import JobSettings
from services.common.settings_logs import LogSettings
from services.common.settings_table import (
    OTHER_TABLE,
    ROOT,
    SettingsError,
    build,
    require_known,
    require_known_variables,
    table_of,
)
from services.common.settings_telemetry import TelemetrySettings
from services.common.settings_tls import TlsSettings

__all__ = [
    "DEFAULT_FILE",
    "ROOT",
    "AccessSettings",
    "CapabilityRow",
    "GatewaySettings",
    "JobSettings",
    "LogSettings",
    "Settings",
    "SettingsError",
    "TelemetrySettings",
    "TlsSettings",
    "WorkerSettings",
    "load_settings",
    "load_worker",
]

DEFAULT_FILE = ROOT / "atelier.toml"
LAUNCHER_KEYS = ("module", "start", "stubs")
"""Keys of a capability's table that are not for its worker."""

T = TypeVar("T", bound="WorkerSettings")


@dataclass(frozen=True, kw_only=True)
class GatewaySettings:
    """The [gateway] table."""

    host: str = "127.0.0.1"
    """Address on which both faces and the metrics listen."""
    grpc_port: int = 50050
    http_port: int = 8080
    metrics_port: int = 9400
    max_message_mib: int = 64
    """Largest gRPC message and HTTP body, in MiB, in either direction."""
    cors_origins: tuple[str, ...] = ("http://localhost:5173",)
    """Origins of pages that may call the bridge from a browser; "*" allows all."""
    probe_timeout_seconds: float = 1.0
    """Deadline of the one health check that tells whether a worker is online."""
    keepalive_seconds: float = 2.0
    """A worker that answers no ping for this long under a running call counts as lost."""
    reconnect_max_seconds: float = 1.0
    """Longest pause between attempts to connect to a worker that is away."""
    shutdown_grace_seconds: float = 20.0
    """How long running calls may go on after SIGTERM."""
    heartbeat_seconds: float = 15.0
    """Longest silence of a server-sent event stream before a heartbeat."""
    web_folder: str = "apps/web/dist"
    """Folder of the built studios, relative to the repository; a status page until it exists."""
    public_url: str = ""
    """Where callers reach the HTTP face, for links in answers; as they called it if empty."""

    def __post_init__(self) -> None:
        require_host("gateway", self.host)
        require_ports(
            "gateway",
            grpc_port=self.grpc_port,
            http_port=self.http_port,
            metrics_port=self.metrics_port,
        )
        require_positive(
            "gateway",
            probe_timeout_seconds=self.probe_timeout_seconds,
            keepalive_seconds=self.keepalive_seconds,
            reconnect_max_seconds=self.reconnect_max_seconds,
            heartbeat_seconds=self.heartbeat_seconds,
        )
        require_not_negative("gateway", shutdown_grace_seconds=self.shutdown_grace_seconds)
        require_message_size("gateway", self.max_message_mib)
        require_url("gateway", "public_url", self.public_url)


@dataclass(frozen=True, kw_only=True)
class CapabilityRow:
    """What the gateway and the launcher need to know of a [capabilities.<name>] table."""

    name: str
    service: str
    """Full name of the gRPC service, "atelier.llm.v1.LlmService"."""
    port: int
    metrics_port: int
    host: str = "127.0.0.1"
    stubs: str = ""
    """Python module of the generated messages; by default the proto package's own,
    "atelier.llm.v1.llm_pb2"."""
    module: str = ""
    """Python package of the worker, "services.llm" by default."""
    start: bool = True
    """Whether `atelier up` starts the worker; false for one that runs elsewhere, or not yet."""
    model: str = ""
    device: str = "auto"
    shutdown_grace_seconds: float = 20.0

    def __post_init__(self) -> None:
        where = f"capabilities.{self.name}"
        require_host(where, self.host)
        require_ports(where, port=self.port, metrics_port=self.metrics_port)
        require_not_negative(where, shutdown_grace_seconds=self.shutdown_grace_seconds)
        require_service(where, self.service)

    @property
    def target(self) -> str:
        """The worker's address as gRPC takes it."""
        return address(self.host, self.port)

    @property
    def stub_module(self) -> str:
        """The module to import for the service's descriptors."""
        package = self.service.rpartition(".")[0]
        return self.stubs or f"{package}.{self.name}_pb2"

    @property
    def worker_module(self) -> str:
        """The package that `python -m` starts as the worker."""
        return self.module or f"services.{self.name}"


@dataclass(frozen=True, kw_only=True)
class WorkerSettings:
    """The keys that every worker's [capabilities.<name>] table may have."""

    name: str
    service: str
    port: int
    metrics_port: int
    model: str
    """A starter model of models/models.toml, a folder, or a hub id."""
    host: str = "127.0.0.1"
    device: str = "auto"
    """"auto" (the first GPU if there is one), "cpu" or "cuda:<number>"."""
    dtype: str = "auto"
    """"auto", "float32", "bfloat16" or "float16"."""
    preload: bool = False
    """Load the model at start instead of with the first task."""
    queue_size: int = 16
    """How many tasks may wait; the next one is told to come back later."""
    task_time_limit_seconds: float = 600.0
    """A task that runs longer is stopped and counts as the worker's failure."""
    shutdown_grace_seconds: float = 20.0
    """How long running tasks may go on after SIGTERM."""
    max_message_mib: int = 64
    """Largest gRPC message in MiB, in either direction."""
    threads: int = 0
    """CPU threads for computing; 0 lets the library decide."""
    tls: TlsSettings = field(default_factory=TlsSettings, metadata=OTHER_TABLE)
    access: AccessSettings = field(default_factory=AccessSettings, metadata=OTHER_TABLE)
    logs: LogSettings = field(default_factory=LogSettings, metadata=OTHER_TABLE)
    telemetry: TelemetrySettings = field(default_factory=TelemetrySettings, metadata=OTHER_TABLE)

    def __post_init__(self) -> None:
        where = f"capabilities.{self.name}"
        require_service(where, self.service)
        require_host(where, self.host)
        require_ports(where, port=self.port, metrics_port=self.metrics_port)
        require_positive(
            where,
            queue_size=self.queue_size,
            task_time_limit_seconds=self.task_time_limit_seconds,
        )
        require_not_negative(
            where, shutdown_grace_seconds=self.shutdown_grace_seconds, threads=self.threads
        )
        require_message_size(where, self.max_message_mib)
        require_one_of(where, "dtype", self.dtype, ("auto", "float32", "bfloat16", "float16"))
        if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", self.device):
            raise SettingsError(
                f"{where}.device", f"{self.device!r} is none of auto, cpu, cuda:<number>"
            )
        if not self.model:
            raise SettingsError(
                f"{where}.model", "is empty; name a starter model, a folder or a hub id"
            )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The whole file, as the gateway and the launcher read it."""

    gateway: GatewaySettings = field(default_factory=GatewaySettings)
    jobs: JobSettings = field(default_factory=JobSettings)
    tls: TlsSettings = field(default_factory=TlsSettings)
    access: AccessSettings = field(default_factory=AccessSettings)
    logs: LogSettings = field(default_factory=LogSettings)
    telemetry: TelemetrySettings = field(default_factory=TelemetrySettings)
    capabilities: tuple[CapabilityRow, ...] = ()


_TABLES: dict[str, type[Any]] = {
    "gateway": GatewaySettings,
    "jobs": JobSettings,
    "tls": TlsSettings,
    "access": AccessSettings,
    "logs": LogSettings,
    "telemetry": TelemetrySettings,
}
"""The tables beside the capabilities'; each is the attribute of Settings of that name."""
_WORKER_TABLES = ("tls", "access", "logs", "telemetry")
"""Those of them that workers read too, as the attributes of WorkerSettings of that name."""


def load_settings(path: Path | None = None, env: Mapping[str, str] = os.environ) -> Settings:
    """Reads the settings of the gateway and the capability table.

    Raises SettingsError for a file that cannot be read, an unknown key of the gateway, a value of
    the wrong type, or a port that is given twice.
    """
    tables = _read(path, env)
    own = {name: _own_table(tables, name, cls, env) for name, cls in _TABLES.items()}
    rows = tuple(
        build(CapabilityRow, f"capabilities.{name}", table, env, name=name)
        for name, table in _capability_tables(tables).items()
    )
    _require_distinct_ports(own["gateway"], rows)
    _require_distinct_services(rows)
    return Settings(**own, capabilities=rows)


def load_worker(
    name: str, cls: type[T], path: Path | None = None, env: Mapping[str, str] = os.environ
) -> T:
    """Reads the [capabilities.<name>] table as `cls`. Raises SettingsError as load_settings."""
    where = f"capabilities.{name}"
    tables = _read(path, env)
    table = _capability_tables(tables).get(name)
    if table is None:
        raise SettingsError(where, "is missing; add the table to the settings file")
    require_known(cls, where, table, LAUNCHER_KEYS)
    require_known_variables(cls, where, env, LAUNCHER_KEYS)
    others = {other: _own_table(tables, other, _TABLES[other], env) for other in _WORKER_TABLES}
    settings = build(cls, where, table, env, name=name, **others)
    require_safe_worker(
        where, settings.host, settings.access, mutual_tls=settings.tls.worker is not None
    )
    return settings


def _read(path: Path | None, env: Mapping[str, str]) -> Mapping[str, Any]:
    path = path or Path(env.get("ATELIER_SETTINGS") or DEFAULT_FILE)
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            str(path), "is missing; name another file with ATELIER_SETTINGS"
        ) from None
    except OSError as error:
        raise SettingsError(str(path), f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(str(path), f"is not UTF-8: {error.reason}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(str(path), f"is not valid TOML: {error}") from error
    for name in tables:
        if name not in (*_TABLES, "capabilities"):
            known = ", ".join(_TABLES)
            raise SettingsError(
                name, f"is no table of {path.name}; known are {known} and capabilities.<name>"
            )
    return tables


def _own_table(tables: Mapping[str, Any], name: str, cls: type[Any], env: Mapping[str, str]) -> Any:
    table = table_of(tables, name, name)
    require_known(cls, name, table)
    require_known_variables(cls, name, env)
    return build(cls, name, table, env)


def _capability_tables(tables: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    rows = table_of(tables, "capabilities", "capabilities")
    for name in rows:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name in _TABLES:
            raise SettingsError(
                f"capabilities.{name}",
                "is no name for a capability; use lower-case letters, digits and _",
            )
    return {name: table_of(rows, name, f"capabilities.{name}") for name in rows}


def _require_distinct_services(rows: tuple[CapabilityRow, ...]) -> None:
    owners: dict[str, str] = {}
    for row in rows:
        if row.service in owners:
            raise SettingsError(
                f"capabilities.{row.name}.service",
                f"{row.service} is {owners[row.service]}'s; calls are routed by service, "
                "so each capability needs its own",
            )
        owners[row.service] = row.name


def _require_distinct_ports(gateway: GatewaySettings, rows: tuple[CapabilityRow, ...]) -> None:
    ports = [
        (f"gateway.{key}", gateway.host, getattr(gateway, key))
        for key in ("grpc_port", "http_port", "metrics_port")
    ]
    ports += [
        (f"capabilities.{row.name}.{key}", row.host, getattr(row, key))
        for row in rows
        for key in ("port", "metrics_port")
    ]
    require_distinct(ports)
