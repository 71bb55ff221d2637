"""What can go wrong with a copy of a database is named: lists, files, counts, media."""

import re
from pathlib import Path

import pytest
from listings import Opener

from facepad import registry
from facepad.errors import DatasetError, InputError
from facepad.sources import load_sample

NAMES = registry.names("datasets")
LISTS = {
    "replay_attack": [
        "protocols/real-devel.txt",
        "protocols/attack-grandtest-allsupports-test.txt",
    ],
    "msu_mfsd": ["train_sub_list.txt", "test_sub_list.txt"],
    "oulu_npu": ["Protocols/Protocol_1/Dev.txt"],
    "replay_mobile": ["protocols/alldevices/real-alldevices-train.txt"],
    "nuaa": ["client_test_raw.txt"],
}
EVERY_LIST = [(name, path) for name, paths in LISTS.items() for path in paths]
# A video or picture that the listing must miss, and one that nothing lists, beside it.
FILES = {
    "nuaa": ("ClientRaw/0001/0001_01_00_01_0.jpg", "ClientRaw/0001/0001_01_00_01_9.jpg"),
    "replay_attack": (
        "devel/real/client101_session01_webcam_authenticate_adverse_1.mov",
        "devel/real/client101_session01_webcam_authenticate_adverse_9.mov",
    ),
    "3dmad": ("session02/Data/04_02_03.hdf5", "session02/Data/04_02_09.hdf5"),
    "msu_mfsd": (
        "scene01/real/real_client013_laptop_SD_scene01.mov",
        "scene01/real/real_client013_laptop_SD_scene02.mov",
    ),
    "casia_fasd": ("test_release/1/HR_3.avi", "test_release/1/HR_5.avi"),
    "oulu_npu": ("Dev_files/2_1_21_3.avi", "Dev_files/2_1_22_3.avi"),
    "replay_mobile": (
        "test/real/client002_session02_authenticate_tablet_direct.mov",
        "test/real/client002_session02_authenticate_tablet_dark.mov",
    ),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_root_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="nowhere"):
        list(registry.resolve("datasets", name)(tmp_path / "nowhere").samples())


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_root_is_told(name: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError):
        list(registry.resolve("datasets", name)(tmp_path).samples())


@pytest.mark.parametrize(("name", "path"), EVERY_LIST)
def test_a_missing_list_is_named(copied: Opener, name: str, path: str) -> None:
    dataset = copied(name)
    (dataset.root / path).unlink()
    with pytest.raises(DatasetError, match=f"{Path(path).name} cannot be read"):
        list(dataset.samples())


@pytest.mark.parametrize(("name", "path"), EVERY_LIST)
def test_an_empty_list_is_named(copied: Opener, name: str, path: str) -> None:
    dataset = copied(name)
    (dataset.root / path).write_text("\n\n")
    with pytest.raises(DatasetError, match=f"{Path(path).name} is empty"):
        list(dataset.samples())


@pytest.mark.parametrize(("name", "path"), EVERY_LIST)
def test_a_line_that_is_there_twice_is_named(copied: Opener, name: str, path: str) -> None:
    dataset = copied(name)
    lines = (dataset.root / path).read_text().split()
    (dataset.root / path).write_text("\n".join([*lines, lines[0]]))
    with pytest.raises(DatasetError, match=f"{Path(path).name} line .* a second time"):
        list(dataset.samples())


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(copied: Opener, name: str) -> None:
    dataset = copied(name)
    missing, _ = FILES[name]
    (dataset.root / missing).unlink()
    with pytest.raises(DatasetError, match=f"{Path(missing).name}.* missing"):
        list(dataset.samples())


@pytest.mark.parametrize("name", FILES)
def test_a_surplus_file_is_named_and_not_listed(copied: Opener, name: str) -> None:
    dataset = copied(name)
    before = list(dataset.samples())
    there, surplus = FILES[name]
    (dataset.root / surplus).write_bytes((dataset.root / there).read_bytes())
    assert list(dataset.samples()) == before
    assert [notice for notice in dataset.notices() if "surplus" in notice and surplus in notice]


@pytest.mark.parametrize("name", FILES)
def test_a_whole_miniature_has_no_surplus(whole: Opener, name: str) -> None:
    assert not [notice for notice in whole(name).notices() if notice.startswith("surplus")]


@pytest.mark.parametrize("name", [name for name in FILES if name != "3dmad"])
def test_a_copy_that_is_smaller_than_the_original_is_a_subset(whole: Opener, name: str) -> None:
    assert [notice for notice in whole(name).notices() if notice.startswith("subset: ")]


def test_a_list_that_is_longer_than_the_original_is_named(copied: Opener) -> None:
    dataset = copied("msu_mfsd")
    listed = [f"{number:02d}" for number in range(60, 74)]
    for number in listed:
        for path in list((dataset.root / "scene01").rglob("*client002*")):
            other = path.with_name(path.name.replace("client002", f"client0{number}"))
            other.write_bytes(path.read_bytes())
    with (dataset.root / "train_sub_list.txt").open("a") as file:
        file.write("\n".join(listed))
    assert "surplus: train_sub_list.txt lists 17 of the official 15 subjects" in dataset.notices()


@pytest.mark.parametrize("name", NAMES)
def test_every_sample_of_a_miniature_can_be_read(whole: Opener, name: str) -> None:
    listed = [sample for number, sample in enumerate(whole(name).samples()) if number % 7 == 0]
    assert all(load_sample(sample).frames for sample in listed)


@pytest.mark.parametrize("name", ["replay_attack", "msu_mfsd", "casia_fasd", "3dmad"])
def test_a_corrupt_video_is_named_in_its_error_and_the_rest_is_read(
    copied: Opener, name: str
) -> None:
    dataset = copied(name)
    listed = list(dataset.samples())[:3]
    path = Path(listed[1].path)
    begin = path.read_bytes()[:300]
    path.unlink()
    path.write_bytes(begin)
    with pytest.raises(InputError, match=re.escape(path.name)):
        load_sample(listed[1])
    assert all(load_sample(sample).frames for sample in (listed[0], listed[2]))
