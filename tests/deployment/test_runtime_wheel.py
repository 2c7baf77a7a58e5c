"""The wheel of the runtime that is installed here, and the versions of what it needs."""

import base64
import hashlib
import zipfile
from importlib.metadata import version
from pathlib import Path

import headstart_runtime
from headstart.deployment.runtime_wheel import list_pins, write_runtime_wheel


def test_it_holds_every_file_of_the_package_and_its_hash(tmp_path: Path) -> None:
    wheel = write_runtime_wheel(tmp_path)
    root = Path(headstart_runtime.__file__).parent
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (record,) = (name for name in names if name.endswith(".dist-info/RECORD"))
        assert archive.testzip() is None
        rows = [line.split(",") for line in archive.read(record).decode().splitlines()]
        for name, sha256, _ in rows:
            if name != record:
                digest = hashlib.sha256(archive.read(name)).digest()
                assert sha256 == f"sha256={base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"
        assert b"headstart-serve" in archive.read(record.replace("RECORD", "entry_points.txt"))
    assert {row[0] for row in rows} == names
    own = {path.relative_to(root.parent).as_posix() for path in root.rglob("*.py")}
    assert own <= names
    assert "headstart_runtime/service/page/index.html" in names
    assert not [name for name in names if "__pycache__" in name]


def test_two_of_them_are_equal(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert write_runtime_wheel(tmp_path).read_bytes() == write_runtime_wheel(tmp_path / "other").read_bytes()


def test_versions_are_those_installed_with_all_that_stands_below() -> None:
    plain, serving = list_pins([]), list_pins(["serve"])
    assert f"numpy=={version('numpy')}" in plain
    assert set(plain) < set(serving)
    below = {"starlette", "h11", "anyio"}  # of fastapi and uvicorn, not of the runtime itself
    assert below <= {line.partition("==")[0] for line in serving}
    assert not {"openvino", "torch", "headstart"} & {line.partition("==")[0] for line in serving}
    assert any(line.startswith("openvino==") for line in list_pins(["openvino"]))
    assert [line for line in serving if "==" not in line or "+" in line] == []
