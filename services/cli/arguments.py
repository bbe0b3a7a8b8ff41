"""The command line of `atelier`. Knows words and options, not what they do."""

import argparse
from collections.abc import Callable

EPILOG = """\
environment:
  ATELIER_GATEWAY    the gateway to talk to, as host:port (default: from the settings)
  ATELIER_KEY        the API key to show (safer than --key, which other users can see)
  ATELIER_CA         a PEM file with the authority of the gateway's certificate, or "system"
  ATELIER_SETTINGS   another settings file than atelier.toml
  ATELIER_RUN_DIR    where a running stack keeps its logs and socket (default: .run)
  ATELIER_<TABLE>_<KEY>  any setting, for example ATELIER_GATEWAY_HTTP_PORT=8081

The command is .venv/bin/atelier; `source .venv/bin/activate` makes it `atelier` in this shell.
It ends with 0 when it did what was asked, 1 when it could not, 2 for a wrong command line,
3 when `status` finds nothing running, 130 after Ctrl-C."""


def parser() -> argparse.ArgumentParser:
    """The parser; `command` of its result is the command's name."""
    top = argparse.ArgumentParser(
        prog="atelier",
        description="Run Atelier on this machine, and use it from a terminal.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="command")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")

    _add_running(add)
    _add_client(add)
    _add_guarding(add)
    return top


Add = Callable[[str, str], argparse.ArgumentParser]


def _add_running(add: Add) -> None:
    up = add("up", "start all processes and stay; Ctrl-C ends them")
    up.add_argument("-d", "--detach", action="store_true", help="start them and return")
    down = add("down", "end all processes")
    down.add_argument("--quiet", action="store_true", help="say nothing")
    restart = add("restart", "restart processes, with the settings as they are now")
    restart.add_argument("process", nargs="*", help="gateway, llm, ... (default: all)")
    status = add("status", "show the processes and the states of their capabilities")
    _add_address(status)
    logs = add("logs", "print the logs")
    logs.add_argument("process", nargs="*", help="gateway, llm, ... (default: all)")
    logs.add_argument("-f", "--follow", action="store_true", help="go on with new lines")
    logs.add_argument("-n", "--lines", type=_natural, default=20, help="how many (default: 20)")
    add("prepare", "make the starter models that the settings name, once")


def _add_client(add: Add) -> None:
    chat = add("chat", "chat with the language model; without a message, a conversation")
    _add_address(chat)
    chat.add_argument("message", nargs="*", help='what to ask; "-" reads standard input')
    chat.add_argument("--system", default="", metavar="TEXT", help="what the model is told to be")
    chat.add_argument("--temperature", type=float, metavar="T")
    chat.add_argument("--top-p", type=float, metavar="P")
    chat.add_argument("--top-k", type=int, metavar="K")
    chat.add_argument("--seed", type=_natural, metavar="N")
    chat.add_argument("--max-tokens", type=int, metavar="N")

    speak = add("speak", "read a text aloud into a file")
    _add_address(speak)
    speak.add_argument("text", nargs="*", help='what to read; "-" or nothing: standard input')
    speak.add_argument(
        "-o", "--output", metavar="FILE", help='where to ("-": standard output; default: speech.*)'
    )
    speak.add_argument("--play", action="store_true", help="play it")
    speak.add_argument("--voice", default="", help="a voice of --list-voices")
    speak.add_argument("--speed", type=float, metavar="X", help="1 is the voice's own pace")
    speak.add_argument("--seed", type=_natural, metavar="N")
    speak.add_argument("--format", metavar="NAME", help="wav, pcm, flac, mp3, opus")
    speak.add_argument("--list-voices", action="store_true", help="print the voices and end")

    watch = add("watch", "show the live health table; Ctrl-C ends it")
    _add_address(watch)


def _add_guarding(add: Add) -> None:
    keys = add("keys", "add, list or remove the API keys of this machine's gateway")
    actions = keys.add_subparsers(dest="action", required=True, metavar="action")
    new = actions.add_parser("add", help="make a key and print it, this once")
    new.add_argument("name", help="whose key it is")
    new.add_argument(
        "--rate", type=_natural, default=0, metavar="N", help="calls a minute (default: any number)"
    )
    new.add_argument(
        "--concurrent", type=_natural, default=0, metavar="N", help="calls and streams at once"
    )
    actions.add_parser("list", help="show the keys, without their secrets")
    remove = actions.add_parser("remove", help="make a key worthless")
    remove.add_argument("name", help="the key's name or id")

    certificates = add("certificates", "make a private authority and certificates for every hop")
    certificates.add_argument(
        "--folder",
        default="var/tls",
        help="where to (default: var/tls, relative to the repository)",
    )
    certificates.add_argument(
        "--host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name or address by which the gateway or a worker is called, beside localhost",
    )
    certificates.add_argument(
        "--days", type=_positive, default=365, help="how long they hold, ten years at most"
    )


def _add_address(command: argparse.ArgumentParser) -> None:
    command.add_argument("--address", metavar="HOST:PORT", help="the gateway to talk to")
    command.add_argument("--key", metavar="KEY", help="the API key to show")
    command.add_argument(
        "--ca", metavar="FILE", help='the authority of the gateway\'s certificate, or "system"'
    )
    command.add_argument(
        "--certificate", metavar="FILE", help="the certificate to show, where one is asked for"
    )


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def _natural(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError("must be 0 or more")
    return value
