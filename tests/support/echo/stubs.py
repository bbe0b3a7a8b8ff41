"""Compiles the echo capability's proto, as `make protos` does for the real ones."""

import os
import sys
from pathlib import Path

import grpc_tools
from google.api import http_pb2
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parents[3]


def compile_stubs(folder: Path) -> None:
    """Writes the stubs below `folder` and puts it on the path, for child processes as well."""
    source = folder / "protos" / "atelier" / "echo" / "v1"
    source.mkdir(parents=True)
    (source / "echo.proto").write_text((Path(__file__).parent / "echo.proto").read_text())
    out = folder / "gen"
    out.mkdir()
    google = Path(http_pb2.__file__).parents[2]
    well_known = Path(grpc_tools.__file__).parent / "_proto"
    failed = protoc.main(
        [
            "protoc",
            f"-I{folder / 'protos'}",
            f"-I{ROOT / 'protos'}",
            f"-I{google}",
            f"-I{well_known}",
            f"--python_out={out}",
            f"--grpc_python_out={out}",
            "atelier/echo/v1/echo.proto",
        ]
    )
    if failed:
        raise RuntimeError("protoc failed")
    sys.path.append(str(out))
    paths = [str(out), str(ROOT), str(ROOT / "protos" / "gen"), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
