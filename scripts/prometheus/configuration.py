"""The shipped configuration of Prometheus, with what the settings say of a stack put into it.

The shipped one names the usual ports. Knows files and settings, and starts nothing.
"""

from pathlib import Path
from typing import Any

import yaml

from services.common.grpc_options import address
from services.common.settings import ROOT, CapabilityRow, Settings, SettingsError
from services.common.settings_tls import CA_FILE, CLIENT_CERTIFICATE, CLIENT_KEY

SHIPPED = ROOT / "deploy" / "prometheus" / "prometheus.yml"
_ALL_ADDRESSES = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Where one listens, one cannot always call."""


def configuration(settings: Settings, base: Path, alertmanager: str) -> dict[str, Any]:
    """The configuration of the file `base` for this stack; `alertmanager` is "host:port".

    Jobs that are not ours stay as they are.

    Raises SettingsError where the metrics need certificates that only their owner knows.
    """
    config: dict[str, Any] = yaml.safe_load(base.read_text(encoding="utf-8"))
    config["rule_files"] = [str(base.parent / pattern) for pattern in config["rule_files"]]
    config["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]}
    targets = {"atelier-gateway": [_gateway(settings)], "atelier-worker": _workers(settings)}
    secrets = _by_tls(settings) if settings.tls.metrics else {}
    config["scrape_configs"] = [
        {**job, "static_configs": targets[name], **secrets} if name in targets else job
        for job in config["scrape_configs"]
        for name in [job["job_name"]]
    ]
    return config


def _gateway(settings: Settings) -> dict[str, Any]:
    return {"targets": [_target(settings.gateway.host, settings.gateway.metrics_port)]}


def _workers(settings: Settings) -> list[dict[str, Any]]:
    """All but those that are not started here, and that no other host is named for."""
    return [
        {"targets": [_target(row.host, row.metrics_port)], "labels": {"capability": row.name}}
        for row in settings.capabilities
        if row.start or row.host != CapabilityRow.host
    ]


def _target(host: str, port: int) -> str:
    return address(_ALL_ADDRESSES.get(host, host), port)


def _by_tls(settings: Settings) -> dict[str, Any]:
    folder = settings.tls.in_folder("")
    if folder is None:
        raise SettingsError(
            "tls.metrics",
            "is set, and tls.folder is not, so only you know what Prometheus has to show and "
            f"trust: copy {SHIPPED.relative_to(ROOT)}, and give its jobs a tls_config",
        )
    files = {"ca_file": CA_FILE, "cert_file": CLIENT_CERTIFICATE, "key_file": CLIENT_KEY}
    return {
        "scheme": "https",
        "tls_config": {key: str(folder / name) for key, name in files.items()},
    }
