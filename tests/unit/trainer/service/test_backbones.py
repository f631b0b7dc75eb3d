from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from shared.config import Model
from trainer.models import weights
from trainer.models.backbone import torchvision_network
from trainer.service.backbones import Backbones, full_name
from trainer.service.refusals import BadCall, NoWeights

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(url: str, target: Path) -> None:
        raise weights.DownloadFailed(f"{url}: no connection")

    monkeypatch.setattr(weights, "_download", refuse)
    monkeypatch.setenv("TORCH_HOME", "/nonexistent")


@pytest.fixture(scope="module")
def squeezenet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("weights") / "any.safetensors"
    save_file(torchvision_network("squeezenet1_1").state_dict(), file)
    return file


def test_short_names_and_torchvision_names() -> None:
    assert [full_name(n) for n in ("b0", "resnet50", "mobilenet")] == ["efficientnet_b0", "resnet50", "mobilenet_v2"]
    assert [full_name(n) for n in ("resnet18", "pixels")] == ["resnet18", "pixels"]


@pytest.mark.parametrize("name", ["", "resnet", "../b0", "fasterrcnn_resnet50_fpn"])
def test_an_unknown_backbone_is_refused_with_the_list(name: str) -> None:
    with pytest.raises(BadCall, match=r"b0, resnet50, mobilenet, pixels.*resnet18") as caught:
        full_name(name)
    assert caught.value.code == "unknown_backbone"


def test_the_configured_file_serves_its_own_backbone(squeezenet: Path, tmp_path: Path) -> None:
    config = Model(backbone="squeezenet1_1", weights=str(squeezenet), image_size=64)
    backbones = Backbones(config, tmp_path, CPU)
    space = backbones.space("squeezenet1_1")
    assert (space.info.image_size, space.info.dim) == (64, 512)
    assert backbones.space("squeezenet1_1") is space
    with pytest.raises(NoWeights):
        backbones.space("resnet18")


def test_a_file_among_the_weights_goes_first_and_a_new_one_is_noticed(squeezenet: Path, tmp_path: Path) -> None:
    backbones = Backbones(Model(weights="none"), tmp_path, CPU)
    shutil.copy(squeezenet, tmp_path / "squeezenet1_1.safetensors")
    space = backbones.space("squeezenet1_1")
    assert space.info.image_size == 224
    changed = torchvision_network("squeezenet1_1").state_dict()
    save_file(changed, tmp_path / "squeezenet1_1.safetensors")
    assert backbones.space("squeezenet1_1").id != space.id


def test_without_weights_it_says_where_to_put_them(tmp_path: Path) -> None:
    with pytest.raises(NoWeights, match=r"resnet18.*no connection.*resnet18\.safetensors"):
        Backbones(Model(), tmp_path, CPU).space("resnet18")


def test_a_file_that_does_not_fit_is_said(squeezenet: Path, tmp_path: Path) -> None:
    shutil.copy(squeezenet, tmp_path / "resnet18.safetensors")
    with pytest.raises(NoWeights, match="does not fit ResNet"):
        Backbones(Model(), tmp_path, CPU).space("resnet18")
