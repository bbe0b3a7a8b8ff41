"""Runs Prometheus and Alertmanager until Ctrl-C, or until one of them ends.

Neither is a part of Atelier: both come from the system. They listen on this machine only, and keep
what they know in the run folder.
"""

import argparse
import asyncio
import json
import shutil
import signal
import sys
import urllib.error
import urllib.request
from asyncio.subprocess import Process
from pathlib import Path

from scripts.prometheus.configuration import SHIPPED, configuration
from services.cli.stack.folder import run_folder
from services.common.grpc_options import address
from services.common.ports import require_free
from services.common.settings import ROOT, SettingsError, load_settings

ALERTMANAGER = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"
LEASH = str(ROOT / "services" / "cli" / "stack" / "leash.py")
PATIENCE_SECONDS = 60.0
_HOST = "127.0.0.1"


def main() -> int:
    """Returns the exit status: 0 after Ctrl-C, 1 if one could not start or has ended."""
    parser = argparse.ArgumentParser(prog="make prometheus", description=__doc__)
    parser.add_argument("--config", type=Path, default=SHIPPED, help="instead of the shipped one")
    parser.add_argument("--port", type=int, default=9090, help="of Prometheus (9090)")
    parser.add_argument("--alertmanager-port", type=int, default=9093, help="(9093)")
    options = parser.parse_args()
    try:
        return asyncio.run(_serve(options.config, options.port, options.alertmanager_port))
    except SettingsError as error:
        print(f"atelier: {error}", file=sys.stderr)
        return 1


async def _serve(base: Path, port: int, alertmanager_port: int) -> int:
    # What can be wrong is found out before anything is started.
    prometheus, alertmanager = _program("prometheus"), _program("prometheus-alertmanager")
    require_free(_HOST, port, "--port")
    require_free(_HOST, alertmanager_port, "--alertmanager-port")
    config = configuration(load_settings(), base, address(_HOST, alertmanager_port))
    folder = run_folder().path / "prometheus"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "prometheus.json"  # JSON is YAML too
    file.write_text(json.dumps(config, indent=1), encoding="utf-8")

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    running = [
        await _start(
            alertmanager,
            f"--config.file={ALERTMANAGER}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address={address(_HOST, alertmanager_port)}",
            "--cluster.listen-address=",  # there are no others to talk to
        ),
        await _start(
            prometheus,
            f"--config.file={file}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={address(_HOST, port)}",
        ),
    ]
    try:
        return await _until(stop, running, port, alertmanager_port)
    finally:
        await _end(running)


async def _until(
    stop: asyncio.Event, running: list[Process], port: int, alertmanager_port: int
) -> int:
    """Tells where they are once they answer; waits for the end."""
    stopped = asyncio.create_task(stop.wait())
    ended = [asyncio.create_task(process.wait()) for process in running]
    telling = asyncio.create_task(_tell(port, alertmanager_port))
    await asyncio.wait({stopped, *ended}, return_when=asyncio.FIRST_COMPLETED)
    for task in (telling, stopped, *ended):
        task.cancel()
    if stop.is_set():
        return 0
    print("atelier: one of the two has ended, see above", file=sys.stderr)
    return 1


async def _tell(port: int, alertmanager_port: int) -> None:
    manager = f"http://{address(_HOST, alertmanager_port)}"
    prometheus = f"http://{address(_HOST, port)}"
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(_ready(manager), _ready(prometheus))
    except TimeoutError:
        print(f"atelier: no answer within {PATIENCE_SECONDS:g} s", file=sys.stderr)
        return
    print(f"Prometheus:   {prometheus}/")
    print(f"Alertmanager: amtool --alertmanager.url={manager} alert")
    print("Ctrl-C ends both", flush=True)


async def _ready(url: str) -> None:
    """Asks until it answers."""
    while not await asyncio.to_thread(_answers, f"{url}/-/ready"):  # noqa: ASYNC110  # not our process
        await asyncio.sleep(0.05)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1):
            return True
    except (urllib.error.URLError, OSError):
        return False


async def _start(program: str, *arguments: str) -> Process:
    # In a session of its own, since Ctrl-C is ours; on a leash, since we may be killed.
    return await asyncio.create_subprocess_exec(
        *(sys.executable, LEASH, program, *arguments, "--log.level=warn"), start_new_session=True
    )


async def _end(running: list[Process]) -> None:
    for process in running:
        if process.returncode is None:
            process.terminate()
    for process in running:
        await process.wait()


def _program(name: str) -> str:
    """The path of a program of Debian's name, or of the name that its makers gave it."""
    path = shutil.which(name) or shutil.which(name.removeprefix("prometheus-"))
    if path is None:
        raise SettingsError(name, "is not installed; on Debian, `apt-get install` it by this name")
    return path


if __name__ == "__main__":
    sys.exit(main())
