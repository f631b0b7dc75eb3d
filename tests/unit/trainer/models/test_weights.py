from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from shared.config import Model
from shared.errors import ConfigError
from trainer.models.backbone import IMAGENET_MEAN, torchvision_network
from trainer.models.choose import choose_space
from trainer.models.weights import DownloadFailed, download_default, load_backbone_file, load_into, read_weights

NAME = "squeezenet1_1"


def network() -> nn.Module:
    torch.manual_seed(0)
    return torchvision_network(NAME)


def same(left: nn.Module, right: nn.Module, prefix: str = "") -> bool:
    other = right.state_dict()
    return all(torch.equal(value, other[key]) for key, value in left.state_dict().items() if key.startswith(prefix))


def other_network() -> nn.Module:
    torch.manual_seed(1)
    return torchvision_network(NAME)


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_file_of_either_format(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"weights{suffix}"
    state = network().state_dict()
    if suffix == ".pth":
        torch.save({"state_dict": state}, path)
    else:
        save_file(state, path)
    loaded = other_network()
    load_backbone_file(loaded, path)
    assert same(loaded, network())


def test_a_missing_classifier_is_fine_and_one_of_another_size_too(tmp_path: Path) -> None:
    state = network().state_dict()
    features = {key: value for key, value in state.items() if key.startswith("features.")}
    save_file(features, tmp_path / "features.safetensors")
    save_file(
        features | {"classifier.1.weight": torch.zeros(7, 512, 1, 1), "classifier.1.bias": torch.zeros(7)},
        tmp_path / "seven.safetensors",
    )
    for name in ("features", "seven"):
        loaded = other_network()
        load_backbone_file(loaded, tmp_path / f"{name}.safetensors")
        assert same(loaded, network(), "features.")


def test_a_file_that_does_not_fit_is_refused_with_the_keys(tmp_path: Path) -> None:
    state = network().state_dict()
    first = next(iter(state))
    wrong = {key: value for key, value in state.items() if key != first} | {"stem.weight": torch.zeros(2)}
    save_file(wrong, tmp_path / "wrong.safetensors")
    with pytest.raises(ConfigError, match=rf"1 missing \({first}\); 1 unexpected \(stem.weight\)"):
        load_backbone_file(network(), tmp_path / "wrong.safetensors")


def test_a_tensor_of_another_shape_is_refused() -> None:
    state = network().state_dict()
    state["features.0.weight"] = torch.zeros(1)
    with pytest.raises(ConfigError, match="another shape"):
        load_into(network(), state, "a file")


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (print, ("executed",))


def test_code_in_a_file_is_not_executed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"a": Evil()}, tmp_path / "evil.pth")
    with pytest.raises(ConfigError, match="state dict"):
        read_weights(tmp_path / "evil.pth")
    assert "executed" not in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x08\0\0\0\0\0\0\0{}      "])
@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_damaged_files_are_refused(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"weights{suffix}"
    path.write_bytes(content)
    if suffix == ".safetensors" and content.endswith(b"{}      "):
        assert read_weights(path) == {}
        return
    with pytest.raises(ConfigError, match="weights"):
        read_weights(path)


def test_a_path_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a file that exists"):
        read_weights(tmp_path / "none.pth")


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "web").mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path / "web")
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def offer(tmp_path: Path, web: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Weights for download under torchvision's naming; returns the folder they are served from."""
    path = tmp_path / "web" / "draft.pth"
    torch.save(network().state_dict(), path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    path.rename(path.with_name(f"{NAME}-{digest}.pth"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    transforms = SimpleNamespace(mean=[0.1, 0.2, 0.3], std=[1.0, 1.0, 1.0])
    weights = SimpleNamespace(DEFAULT=SimpleNamespace(url=f"{web}/{NAME}-{digest}.pth", transforms=lambda: transforms))
    monkeypatch.setattr("torchvision.models.get_model_weights", lambda name: weights)
    return tmp_path / "web"


def test_default_weights_are_downloaded_once_with_their_normalisation(offer: Path) -> None:
    for _ in range(2):
        loaded = other_network()
        assert download_default(NAME, loaded) == ((0.1, 0.2, 0.3), (1.0, 1.0, 1.0))
        assert same(loaded, network())
        for path in offer.iterdir():
            path.unlink()


def test_a_download_that_was_altered_is_refused_and_not_kept(offer: Path, tmp_path: Path) -> None:
    (path,) = offer.iterdir()
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(DownloadFailed, match="SHA-256"):
        download_default(NAME, network())
    assert not [p for p in (tmp_path / "cache").rglob("*") if p.is_file()]


def test_where_the_download_fails_pixels_serve_and_a_line_says_so(
    offer: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for path in offer.iterdir():
        path.unlink()
    assert choose_space(Model(backbone=NAME), torch.device("cpu")) is None
    assert f"no pretrained weights for {NAME}" in caplog.text
    assert "pixels" in caplog.text


def test_weights_from_a_file_are_normalised_as_on_imagenet(tmp_path: Path) -> None:
    save_file(network().state_dict(), tmp_path / "w.safetensors")
    space = choose_space(
        Model(backbone=NAME, weights=str(tmp_path / "w.safetensors"), image_size=64), torch.device("cpu")
    )
    assert space is not None
    assert space.info.mean == IMAGENET_MEAN
    assert space.info.dim == 512


@pytest.mark.data
def test_the_published_weights_load_and_tell_images_apart(test_data: Path) -> None:
    for name in ("mobilenet_v2", "squeezenet1_1"):
        (path,) = test_data.glob(f"{name}_*.safetensors")
        assert choose_space(Model(backbone=name, weights=str(path)), torch.device("cpu")) is not None
