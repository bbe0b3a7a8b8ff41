"""The contracts' generated side: stubs under protos/gen, the image, the web's messages.

Knows protoc, buf and protoc-gen-es, which comes with the web's npm packages. The image is the last
accepted form of the contracts: `check` compares with it, and `generate` moves it on unless a
change would break a client.

    python -m scripts.protos generate [--accept-breaking]
    python -m scripts.protos check
"""

import argparse
import filecmp
import json
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import grpc_tools
from google.protobuf import descriptor_pb2
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "protos"
STUBS = SOURCES / "gen"
ACCEPTED_IMAGE = SOURCES / "atelier.binpb"
WEB = ROOT / "apps" / "web"
WEB_MESSAGES = WEB / "src" / "gen"
INCLUDES = (
    SOURCES,
    Path(sysconfig.get_path("purelib")),  # googleapis-common-protos
    Path(grpc_tools.__file__).parent / "_proto",
)
WEB_IMPORTS = (
    "google/api/annotations.proto",
    "google/api/client.proto",
    "google/api/field_behavior.proto",
    "google/api/http.proto",
    "google/api/httpbody.proto",
    "google/api/launch_stage.proto",
    "google/longrunning/operations.proto",
    "google/rpc/error_details.proto",
    "google/rpc/status.proto",
)


class ContractError(Exception):
    """The contracts cannot be used as they are; the text says why and what to do."""


def main() -> int:
    """Runs the command of the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="Generate and check what follows from protos/.")
    commands = parser.add_subparsers(dest="command", required=True)
    generating = commands.add_parser("generate", help="write the stubs and the accepted image")
    generating.add_argument("--accept-breaking", action="store_true")
    commands.add_parser("check", help="lint, compare with the accepted image, compare the stubs")
    arguments = parser.parse_args()
    try:
        if arguments.command == "generate":
            generate(accept_breaking=arguments.accept_breaking)
        else:
            check()
    except ContractError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def generate(*, accept_breaking: bool) -> None:
    """Writes the stubs and the image; refuses a change that breaks clients unless accepted."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        image = _image(scratch / "atelier.binpb")
        if ACCEPTED_IMAGE.exists() and not accept_breaking:
            _require_compatible(image)
        _replace(STUBS, _stubs(scratch / "gen"))
        _replace(WEB_MESSAGES, _web_messages(scratch / "web"))
        shutil.copyfile(image, ACCEPTED_IMAGE)
    print(f"generated the stubs of {len(_proto_files())} protos")


def check() -> None:
    """Raises ContractError for lint faults, breaking changes, and stubs or an image out of date."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        image = _image(scratch / "atelier.binpb")
        _buf("lint", _image(scratch / "commented.binpb", "--include_source_info"))
        _require_compatible(image)
        stale = _differences(_stubs(scratch / "gen"), STUBS)
        stale += _differences(_web_messages(scratch / "web"), WEB_MESSAGES)
        if not filecmp.cmp(image, ACCEPTED_IMAGE, shallow=False):
            stale.append(ACCEPTED_IMAGE.name)
        if stale:
            raise ContractError(f"out of date: {', '.join(stale)}; run `make protos`")


def _require_compatible(image: Path) -> None:
    try:
        _buf("breaking", image, "--against", str(ACCEPTED_IMAGE))
    except ContractError as error:
        advice = (
            "This breaks clients of the accepted contracts. Add instead of changing (a new field, "
            "a v2 beside v1),\nor accept it for a reason: make protos ACCEPT_BREAKING=1"
        )
        raise ContractError(f"{error}\n{advice}") from None


def _proto_files() -> list[Path]:
    return sorted((SOURCES / "atelier").rglob("*.proto"))


def _image(destination: Path, *flags: str) -> Path:
    """Writes all contracts, with what they import, as one FileDescriptorSet."""
    _protoc(_proto_files(), "--include_imports", f"--descriptor_set_out={destination}", *flags)
    return destination


def _stubs(destination: Path) -> Path:
    """Writes the Python modules, their types, and the comments; gRPC modules for services only."""
    destination.mkdir(parents=True)
    files = _proto_files()
    _protoc(files, f"--python_out={destination}", f"--pyi_out={destination}")
    serving = [path for path in files if "\nservice " in path.read_text(encoding="utf-8")]
    _protoc(serving, f"--grpc_python_out={destination}", f"--mypy_grpc_out=quiet:{destination}")
    (destination / "comments.json").write_text(_comments(destination.parent), encoding="utf-8")
    return destination


def _replace(folder: Path, fresh: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(fresh, folder)


def _web_messages(destination: Path) -> Path:
    """Writes the messages as TypeScript, with those of Google that ours refer to."""
    plugin = WEB / "node_modules" / ".bin" / "protoc-gen-es"
    if not plugin.exists():
        raise ContractError("the web's packages are missing; run `make web-packages`")
    destination.mkdir(parents=True)
    flags = (f"--plugin=protoc-gen-es={plugin}", f"--es_out={destination}", "--es_opt=target=ts")
    _protoc([*_proto_files(), *(SOURCES / name for name in WEB_IMPORTS)], *flags)
    return destination


def _comments(scratch: Path) -> str:
    """The comments of all contracts by full names, which the stubs do not carry, as JSON."""
    commented = _image(scratch / "comments.binpb", "--include_source_info")
    image = descriptor_pb2.FileDescriptorSet.FromString(commented.read_bytes())
    ours = [file for file in image.file if file.package.startswith("atelier.")]
    found = {name: text for file in ours for name, text in _comments_of(file)}
    return json.dumps(dict(sorted(found.items())), ensure_ascii=False, indent=0) + "\n"


def _comments_of(file: descriptor_pb2.FileDescriptorProto) -> Iterator[tuple[str, str]]:
    for location in file.source_code_info.location:
        name = _name_at(file, list(location.path))
        text = " ".join(line.strip() for line in location.leading_comments.splitlines())
        if name and text:
            yield name, text.strip()


def _name_at(file: descriptor_pb2.FileDescriptorProto, path: list[int]) -> str:
    """The full name of what stands at a path of SourceCodeInfo; empty for what has no name."""
    names, part = [file.package], file
    while len(path) > 1:
        field = part.DESCRIPTOR.fields_by_number.get(path[0])
        if field is None or field.message_type is None or not field.is_repeated:
            return ""
        part = getattr(part, field.name)[path[1]]
        names.append(part.name if hasattr(part, "name") else "")
        path = path[2:]
    return "" if path or "" in names else ".".join(names)


def _protoc(files: list[Path], *flags: str) -> None:
    plugin = Path(sys.executable).parent / "protoc-gen-mypy_grpc"
    with tempfile.TemporaryDirectory() as renamed:
        _give_operations_their_name(Path(renamed))
        command = [
            "protoc",
            f"--plugin=protoc-gen-mypy_grpc={plugin}",
            *(f"-I{folder}" for folder in (renamed, *INCLUDES)),
            *flags,
            *(str(path.relative_to(SOURCES)) for path in files),
        ]
        if protoc.main(command) != 0:
            raise ContractError("protoc refused the contracts; see its message above")


def _give_operations_their_name(folder: Path) -> None:
    """Copies operations.proto as its stubs know it: the package ships it under another name."""
    shipped = Path(sysconfig.get_path("purelib")) / "google/longrunning/operations_proto.proto"
    target = folder / "google/longrunning/operations.proto"
    target.parent.mkdir(parents=True)
    shutil.copyfile(shipped, target)


def _buf(command: str, image: Path, *flags: str) -> None:
    """Runs buf on our own files of the image."""
    buf = Path(sys.executable).parent / "buf"
    result = subprocess.run(
        [buf, command, image, "--path", "atelier", "--config", ROOT / "buf.yaml", *flags],
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise ContractError(f"buf {command}:\n{(result.stdout + result.stderr).strip()}")


def _differences(fresh: Path, committed: Path) -> list[str]:
    """The files that are not the same in both folders, bytecode apart."""
    names = {
        str(path.relative_to(folder))
        for folder in (fresh, committed)
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    return sorted(
        name
        for name in names
        if not (fresh / name).is_file()
        or not (committed / name).is_file()
        or (fresh / name).read_bytes() != (committed / name).read_bytes()
    )


if __name__ == "__main__":
    sys.exit(main())
