"""The commands of whoever guards a gateway: its API keys and its certificates."""

import sys
from argparse import Namespace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from services.cli.complaint import ComplaintError
from services.common.api_keys import ApiKey, make_key, read_keys, write_keys
from services.common.certificates import CA_DAYS, write_certificates
from services.common.settings import ROOT, load_settings

DEFAULT_FOLDER = "var/tls"


def keys(arguments: Namespace) -> int:
    """Adds, lists or removes keys."""
    return {"add": _add, "list": _list, "remove": _remove}[arguments.action](arguments)


def certificates(arguments: Namespace) -> int:
    """Makes the certificates of a whole stack, or new ones by the same authority."""
    folder = ROOT / Path(arguments.folder).expanduser()
    if arguments.days > CA_DAYS:
        raise ComplaintError(f"--days is at most {CA_DAYS}: so long the authority itself holds")
    try:
        fresh = write_certificates(folder, arguments.host, arguments.days)
    except (OSError, ValueError, TypeError) as error:
        raise ComplaintError(f"cannot make certificates in {folder}: {error}") from None
    if not fresh:
        print(
            f"new certificates in {folder}, by the same authority; running processes take them up"
        )
        return 0
    print(f"an authority and its certificates are in {folder}; they end in {arguments.days} days")
    print("use them with this in atelier.toml, and restart:\n")
    print(f'[tls]\nfolder = "{arguments.folder}"\n')
    print(f"clients of the gateway trust {folder / 'ca.pem'}; keep {folder / 'ca.key'} to yourself")
    return 0


COMMANDS = {"keys": keys, "certificates": certificates}


def _add(arguments: Namespace) -> int:
    path = load_settings().access.keys_path
    present = read_keys(path)
    if any(key.name == arguments.name for key in present):
        raise ComplaintError(f"there is a key '{arguments.name}' already; remove it first")
    try:
        key, secret = make_key(
            arguments.name, rate_per_minute=arguments.rate, concurrent=arguments.concurrent
        )
    except ValueError as error:
        raise ComplaintError(str(error)) from None
    _write(path, [*present, key])
    # The secret alone on standard output, so that a script can take it.
    print(secret)
    note = "this is the only time that the key is shown; clients send it as 'authorization: Bearer'"
    if not present:
        note += "\nthe first key: a gateway that runs already asks for keys once it is restarted"
    print(note, file=sys.stderr)
    return 0


def _list(_arguments: Namespace) -> int:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("name", "id", "made", "calls a minute", "calls at once"):
        table.add_column(title, no_wrap=True)
    for key in read_keys(load_settings().access.keys_path):
        limits = (str(limit) if limit else "-" for limit in (key.rate_per_minute, key.concurrent))
        table.add_row(key.name, key.id, key.created, *limits)
    Console(width=None if sys.stdout.isatty() else 140).print(table)
    return 0


def _remove(arguments: Namespace) -> int:
    path = load_settings().access.keys_path
    present = read_keys(path)
    left = [key for key in present if arguments.name not in (key.name, key.id)]
    if len(left) == len(present):
        raise ComplaintError(f"there is no key '{arguments.name}'; see `atelier keys list`")
    _write(path, left)
    print(f"'{arguments.name}' is removed; a running gateway takes no new call with it")
    return 0


def _write(path: Path, rows: list[ApiKey]) -> None:
    try:
        write_keys(path, rows)
    except OSError as error:
        raise ComplaintError(f"cannot write {path}: {error.strerror}") from None
