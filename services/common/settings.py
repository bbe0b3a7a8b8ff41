"""What the processes are told: one commented file, atelier.toml, and the environment over it.

Knows the gateway's table, the capability table and the keys that every worker has. A worker's
own keys are declared by a subclass of WorkerSettings in the worker's folder.

The environment variable of a key is ATELIER_<TABLE>_<KEY>, for example ATELIER_GATEWAY_HTTP_PORT
or ATELIER_LLM_DEVICE. ATELIER_SETTINGS names another file.
"""

import dataclasses
import os
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_FILE = ROOT / "atelier.toml"

T = TypeVar("T", bound="WorkerSettings")
D = TypeVar("D")


class SettingsError(ValueError):
    """A setting that cannot work; its text is one line that says what and how to mend it."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(f"{key}: {text}")
        self.key = key


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

    def __post_init__(self) -> None:
        _require_ports(
            "gateway",
            grpc_port=self.grpc_port,
            http_port=self.http_port,
            metrics_port=self.metrics_port,
        )
        _require_positive(
            "gateway",
            max_message_mib=self.max_message_mib,
            probe_timeout_seconds=self.probe_timeout_seconds,
            keepalive_seconds=self.keepalive_seconds,
            reconnect_max_seconds=self.reconnect_max_seconds,
            heartbeat_seconds=self.heartbeat_seconds,
        )
        _require_message_size("gateway", self.max_message_mib)


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
    model: str = ""
    device: str = "auto"
    shutdown_grace_seconds: float = 20.0

    def __post_init__(self) -> None:
        _require_ports(f"capabilities.{self.name}", port=self.port, metrics_port=self.metrics_port)
        if self.service.count(".") < 1 or self.service.startswith("."):
            raise SettingsError(
                f"capabilities.{self.name}.service",
                f"'{self.service}' is no full service name; write it as package.Service",
            )

    @property
    def target(self) -> str:
        """The worker's address as gRPC takes it."""
        return f"{self.host}:{self.port}"

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

    def __post_init__(self) -> None:
        where = f"capabilities.{self.name}"
        _require_ports(where, port=self.port, metrics_port=self.metrics_port)
        _require_positive(
            where,
            queue_size=self.queue_size,
            task_time_limit_seconds=self.task_time_limit_seconds,
            max_message_mib=self.max_message_mib,
        )
        _require_message_size(where, self.max_message_mib)
        if self.dtype not in ("auto", "float32", "bfloat16", "float16"):
            raise SettingsError(
                f"{where}.dtype",
                f"'{self.dtype}' is none of auto, float32, bfloat16, float16",
            )
        if self.threads < 0:
            raise SettingsError(f"{where}.threads", "must be 0 (automatic) or more")
        if not self.model:
            raise SettingsError(
                f"{where}.model", "is empty; name a starter model, a folder or a hub id"
            )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The whole file, as the gateway and the launcher read it."""

    gateway: GatewaySettings = field(default_factory=GatewaySettings)
    capabilities: tuple[CapabilityRow, ...] = ()


def load_settings(path: Path | None = None, env: Mapping[str, str] = os.environ) -> Settings:
    """Reads the settings of the gateway and the capability table.

    Raises SettingsError for a file that cannot be read, an unknown key, a value of the wrong
    type, or a port that is given twice.
    """
    tables = _read(path, env)
    gateway = _build(GatewaySettings, "gateway", tables.get("gateway", {}), env, strict=True)
    rows = tuple(
        _build(CapabilityRow, f"capabilities.{name}", {**table, "name": name}, env, strict=False)
        for name, table in _capability_tables(tables).items()
    )
    _require_distinct_ports(gateway, rows)
    return Settings(gateway=gateway, capabilities=rows)


def load_worker(
    name: str, cls: type[T], path: Path | None = None, env: Mapping[str, str] = os.environ
) -> T:
    """Reads the [capabilities.<name>] table as `cls`. Raises SettingsError as load_settings."""
    table = _capability_tables(_read(path, env)).get(name)
    if table is None:
        raise SettingsError(
            f"capabilities.{name}", "is missing; add the table to the settings file"
        )
    launcher_keys = {"module", "stubs"}
    own = {key: value for key, value in table.items() if key not in launcher_keys}
    return _build(cls, f"capabilities.{name}", {**own, "name": name}, env, strict=True)


def _read(path: Path | None, env: Mapping[str, str]) -> dict[str, Any]:
    path = path or Path(env.get("ATELIER_SETTINGS") or DEFAULT_FILE)
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            str(path), "is missing; name another file with ATELIER_SETTINGS"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(str(path), f"cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(str(path), f"is not valid TOML: {error}") from error
    unknown = set(tables) - {"gateway", "capabilities"}
    if unknown:
        raise SettingsError(
            min(unknown), f"is no table of {path.name}; known are gateway and capabilities.<name>"
        )
    return tables


def _capability_tables(tables: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    rows = tables.get("capabilities", {})
    for name, table in rows.items() if isinstance(rows, dict) else ():
        if not isinstance(table, dict):
            raise SettingsError(f"capabilities.{name}", "must be a table")
        if not (name.isidentifier() and name.islower()):
            raise SettingsError(
                f"capabilities.{name}", "a name has lower-case letters, digits and _ only"
            )
    return dict(rows)


def _build(
    cls: type[D], where: str, table: Mapping[str, Any], env: Mapping[str, str], *, strict: bool
) -> D:
    """Makes the dataclass `cls` from a table and the environment; `strict` refuses other keys."""
    hints = typing.get_type_hints(cls)
    known = [item.name for item in dataclasses.fields(cls)]  # type: ignore[arg-type]  # D is a dataclass
    unknown = sorted(set(table) - set(known))
    if strict and unknown:
        raise SettingsError(f"{where}.{unknown[0]}", f"is no setting; known are {', '.join(known)}")
    values: dict[str, Any] = {}
    for key in known:
        variable = f"ATELIER_{where.rpartition('.')[2].upper()}_{key.upper()}"
        if key != "name" and variable in env:
            values[key] = _from_text(hints[key], env[variable], variable)
        elif key in table:
            values[key] = _checked(hints[key], table[key], f"{where}.{key}")
    missing = [
        item.name
        for item in dataclasses.fields(cls)  # type: ignore[arg-type]  # D is a dataclass
        if item.name not in values
        and item.default is dataclasses.MISSING
        and item.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise SettingsError(f"{where}.{missing[0]}", "is missing; add it to the settings file")
    return cls(**values)


def _checked(hint: Any, value: Any, key: str) -> Any:
    """Returns `value` as `hint` has it; raises SettingsError if it is of another type."""
    origin = typing.get_origin(hint)
    if origin is types.UnionType:
        inner = [item for item in typing.get_args(hint) if item is not type(None)]
        return _checked(inner[0], value, key)
    if origin is tuple:
        if not isinstance(value, list):
            raise SettingsError(key, f"must be a list, not {value!r}")
        return tuple(_checked(typing.get_args(hint)[0], item, key) for item in value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, hint) and isinstance(value, bool) == (hint is bool):
        return value
    raise SettingsError(key, f"must be {_described(hint)}, not {value!r}")


def _from_text(hint: Any, text: str, variable: str) -> Any:
    """Reads the text of an environment variable as `hint`."""
    if typing.get_origin(hint) is types.UnionType:
        inner = [item for item in typing.get_args(hint) if item is not type(None)]
        return _from_text(inner[0], text, variable)
    if typing.get_origin(hint) is tuple:
        item = typing.get_args(hint)[0]
        return tuple(
            _from_text(item, part.strip(), variable) for part in text.split(",") if part.strip()
        )
    if hint is bool:
        if text.lower() in ("1", "true", "yes", "on"):
            return True
        if text.lower() in ("0", "false", "no", "off"):
            return False
    elif hint in (int, float):
        try:
            return hint(text)
        except ValueError:
            pass
    else:
        return text
    raise SettingsError(variable, f"must be {_described(hint)}, not '{text}'")


def _described(hint: Any) -> str:
    names = {
        int: "a whole number",
        float: "a number",
        bool: "true or false",
        str: "a text in quotes",
    }
    return names.get(hint, str(hint))


def _require_ports(where: str, **ports: int) -> None:
    for key, port in ports.items():
        if not 0 <= port <= 65535:
            raise SettingsError(f"{where}.{key}", f"{port} is no port; use 1 to 65535")


def _require_positive(where: str, **values: float) -> None:
    for key, value in values.items():
        if not value > 0:
            raise SettingsError(f"{where}.{key}", f"must be more than 0, not {value}")


def _require_message_size(where: str, mib: int) -> None:
    # gRPC keeps the limit in a signed 32-bit number of bytes.
    if mib > 2047:
        raise SettingsError(f"{where}.max_message_mib", f"must be at most 2047, not {mib}")


def _require_distinct_ports(gateway: GatewaySettings, rows: tuple[CapabilityRow, ...]) -> None:
    used: dict[tuple[str, int], str] = {}
    ports = [
        (gateway.host, gateway.grpc_port, "gateway.grpc_port"),
        (gateway.host, gateway.http_port, "gateway.http_port"),
        (gateway.host, gateway.metrics_port, "gateway.metrics_port"),
    ]
    for row in rows:
        ports.append((row.host, row.port, f"capabilities.{row.name}.port"))
        ports.append((row.host, row.metrics_port, f"capabilities.{row.name}.metrics_port"))
    for host, port, key in ports:
        if port and (host, port) in used:
            raise SettingsError(key, f"{port} is taken by {used[host, port]}; choose another")
        used[host, port] = key
