"""`facepad train voxel` as a user runs it: simulated pictures in, and the voxel test out."""

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from command_line import skip_without_face_models
from facepad.cli.app import app
from facepad.faces.finder import FaceFinder
from facepad.liveness.voxel.reconstructor import Reconstructor
from facepad.liveness.voxel.volume import crop_of
from facepad.models import index, store
from facepad.scores import sigmoid
from facepad.sources import read_picture
from facepad.testing.made_up import made_up_picture
from facepad.testing.media_files import write_picture
from facepad.training.voxel.learning import VoxelBatches
from facepad.training.voxel.networks import NetworkSpec, voxel_network
from facepad.types import Frame

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

SIZE = (240, 180)  # in which a made-up face is large enough to be found
PICTURES = {"train": 4, "dev": 10, "test": 2}  # of each class; ten are a column
MODELS = ("voxel_net_free", "voxel_free")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with simulated pictures of one person in each part, and an empty cache."""
    for library in ("torch", "onnxscript", "sklearn"):  # not on import: torch takes seconds
        pytest.importorskip(library)
    skip_without_face_models()
    folder = tmp_path_factory.mktemp("voxel")
    rows = []
    for seed, (part, count) in enumerate(PICTURES.items()):
        for number in range(count):
            for species in ("", "print"):
                file = folder / "simulated" / f"{part}{species}{number}.jpg"
                attack = bool(species)
                write_picture(
                    file, made_up_picture(size=SIZE, seed=seed, moved=number, attack=attack)
                )
                drawn = json.dumps({"backdrop": {"used": False}})
                rows.append((file.name, part, species, part, f"set/{part}.jpg", drawn))
    with (folder / "simulated" / "dataset.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("path", "subject", "pai_species", "split", "source", "parameters"))
        writer.writerows(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FACEPAD_CACHE_DIR", str(folder / "cache"))
        yield folder


def _train(world: Path, out: Path, *more: str) -> Result:
    words = ["train", "voxel", "--simulated", str(world / "simulated"), "--trunk-blocks", ""]
    words += ["--batch", "4", "--epochs", "2", "--copies", "1", "--out", str(out), *more]
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, words)


def test_the_voxel_test_scores_with_what_was_trained_as_torch_does(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    done = _train(world, out)
    assert done.exit_code == 0, done.output
    assert "held-out people: 2 bona fide of 1 subjects, 2 attacks of 1" in done.stdout
    assert "people for selection: 20 pictures of 1 people" in (out / "voxel_free.md").read_text()
    _install(out, tmp_path / "models", monkeypatch)
    picture = world / "simulated" / "test0.jpg"
    found = CliRunner().invoke(app, ["check", "--json", "--tests", "voxel", str(picture)])
    score = json.loads(found.stdout)["tests"]["voxel"]
    raw = _logit_of_torch(out, picture)
    scaling = store.load_arrays("voxel_free")["scaling"]
    assert score["details"]["raw"] == pytest.approx(raw, abs=1e-4)
    assert score["score"] == pytest.approx(sigmoid(scaling[0] * raw + scaling[1]), abs=1e-4)


def _install(out: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a copy of the packaged models, with those that were trained in the place of two."""
    shutil.copytree(index.WEIGHTS, models)
    for file in out.glob("voxel*.*"):
        shutil.copy(file, models)
    monkeypatch.setattr(index, "WEIGHTS", models)
    store.update_index(models)


def _logit_of_torch(out: Path, picture: Path) -> float:
    """Return the logit of the weights in the checkpoint, without ONNX."""
    import torch

    state = torch.load(out / "run" / "checkpoint.pt", weights_only=True)
    network = voxel_network(NetworkSpec("surface", "both", ())).eval()
    network.load_state_dict(state["best"])
    crop = crop_of(FaceFinder().find(Frame(read_picture(str(picture)).image)))
    (volume,) = Reconstructor().volumes([crop])
    with torch.no_grad():
        logits, _ = network(torch.from_numpy(volume.occupancy[None]), torch.from_numpy(crop[None]))
    return float(logits[0])


def test_a_training_that_was_killed_is_resumed_and_reaches_the_same_network(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facepad.training.voxel.run.exported", _weights_alone)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert _train(world, whole, "--inputs", "occupancy").exit_code == 0
    with monkeypatch.context() as patch:
        patch.setattr(VoxelBatches, "epoch", _killed_in_the_second_epoch(VoxelBatches.epoch))
        assert _train(world, parts, "--inputs", "occupancy").exit_code not in {0, 4}
    refused = _train(world, parts, "--inputs", "occupancy")
    assert refused.exit_code == 4
    assert "--resume" in refused.stderr
    resumed = _train(world, parts, "--inputs", "occupancy", "--resume")
    assert resumed.exit_code == 0, resumed.output
    one, other = ((folder / "voxel_net_free.onnx").read_bytes() for folder in (whole, parts))
    assert one == other
    assert len((parts / "run" / "log.csv").read_text().splitlines()) == 1 + 4


def _weights_alone(network: Any, _: NetworkSpec) -> bytes:  # noqa: ANN401 - a torch module
    """Return all weights; the export to ONNX takes seconds."""
    return b"".join(np.ascontiguousarray(one).tobytes() for one in network.state_dict().values())


def _killed_in_the_second_epoch(epoch: Any) -> Any:  # noqa: ANN401 - a method of batches
    def cut(batches: VoxelBatches, number: int) -> Iterator[Any]:
        for step, batch in enumerate(epoch(batches, number)):
            if number == 1 and step == 1:
                raise KeyboardInterrupt
            yield batch

    return cut
