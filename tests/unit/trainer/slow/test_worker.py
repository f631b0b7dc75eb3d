"""The work of a round, in this process."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from shared.config import Config, load_config
from shared.messages import SlowState
from tests.unit.trainer.conftest import FolderLabeler, png
from trainer.models.pixels import PixelSpace
from trainer.slow.messages import Job, Outcome, Step, parse_line
from trainer.slow.schedule import Kind
from trainer.slow.spaces import load_space
from trainer.slow.worker import Round, TooLittle, directory
from trainer.vectors import VectorFile

IMAGES = 60
TEST = range(0, IMAGES, 6)


@pytest.fixture
def config(folder: FolderLabeler, tmp_path: Path) -> Config:
    for i in range(IMAGES):
        folder.add(f"{i}.png", png(i, i % 3, size=16), lane="test" if i in TEST else "train")
    flags = {"paths.images": folder.root, "paths.data": tmp_path, "slow.pretrain_steps": 2, "slow.steps": 2}
    return load_config(environ={}, flags=flags)


def write_labels(config: Config, numbers: list[int], old: np.ndarray) -> str:
    tensors = {
        "numbers": torch.tensor(numbers, dtype=torch.int64),
        "classes": torch.tensor([n % 3 for n in numbers], dtype=torch.int64),
        "old": torch.from_numpy(old.astype(np.float16)),
    }
    (config.paths.data / "slow").mkdir(exist_ok=True)
    save_file(tensors, config.paths.data / "slow" / "labels.safetensors")
    return "labels.safetensors"


def run(config: Config, folder: FolderLabeler, kind: Kind, **values: str) -> tuple[Outcome, list[Step]]:
    steps: list[Step] = []
    job = Job(kind=kind, seed=1, config=config, network=values.get("network"), labels=values.get("labels"))
    return Round(job, folder, steps.append).run(), steps


def test_training_without_labels_embeds_the_whole_pool(config: Config, folder: FolderLabeler) -> None:
    outcome, steps = run(config, folder, Kind.PRETRAIN)
    assert outcome.accepted
    assert [steps[0].state, steps[-1].state] == [SlowState.TRAINING, SlowState.EMBEDDING]
    assert steps[-1].progress == 1.0
    space = load_space(config.paths.data / "slow" / outcome.space, torch.device("cpu"))
    vectors = VectorFile(config.paths.data / "embeddings" / space.id, space.info.dim)
    assert len(vectors) == IMAGES
    refs, _ = directory(folder)
    assert all(vectors.find(ref.content_hash) >= 0 for ref in refs.values())


def test_hold_out_images_are_never_trained_on(config: Config, folder: FolderLabeler) -> None:
    first, _ = run(config, folder, Kind.PRETRAIN)
    for i in TEST:
        folder.add(f"{i}.png", png(i + 1000, i, size=16), lane="test", number=i)
    again, _ = run(config, folder, Kind.PRETRAIN)
    assert first.space == again.space


def test_with_labels_it_is_tested_on_all_of_them(config: Config, folder: FolderLabeler) -> None:
    numbers = [i for i in range(IMAGES) if i not in TEST][:30]
    perfect = np.eye(3)[[n % 3 for n in numbers]]
    outcome, _ = run(config, folder, Kind.PRETRAIN, labels=write_labels(config, numbers, perfect))
    assert "of 30 validation labels 0 are right that were wrong before" in outcome.sentence
    useless = np.ones((30, 3))
    outcome, _ = run(config, folder, Kind.PRETRAIN, labels=write_labels(config, numbers, useless))
    assert outcome.accepted


def test_labels_are_trained_on_but_for_the_validation_part(config: Config, folder: FolderLabeler) -> None:
    network, _ = run(config, folder, Kind.PRETRAIN)
    numbers = [i for i in range(IMAGES) if i not in TEST]
    old = PixelSpace.fit(np.random.default_rng(0).integers(0, 256, (9, 4, 4, 3), dtype=np.uint8))
    vectors = old.embed(np.random.default_rng(1).integers(0, 256, (len(numbers), 4, 4, 3), dtype=np.uint8))
    labels = write_labels(config, numbers, vectors)
    outcome, steps = run(config, folder, Kind.TRAIN, network=network.space, labels=labels)
    assert outcome.accepted, "noise was in use before"
    assert outcome.space != network.space
    trained_on = int(steps[0].sentence.split()[2])
    tested_on = int(outcome.sentence.split(" validation")[0].split()[-1])
    assert trained_on + tested_on == len(numbers)
    assert tested_on > 0


def test_labels_of_hold_out_images_are_left_out(config: Config, folder: FolderLabeler) -> None:
    network, _ = run(config, folder, Kind.PRETRAIN)
    labels = write_labels(config, list(TEST), np.ones((len(TEST), 2)))
    with pytest.raises(TooLittle, match="0 labels"):
        run(config, folder, Kind.TRAIN, network=network.space, labels=labels)


def test_images_that_cannot_be_read_are_passed_over(config: Config, folder: FolderLabeler) -> None:
    (folder.root / "1.png").write_bytes(b"not what the labeler saw")
    folder.list("no image.png", b"text")
    (folder.root / "no image.png").write_bytes(b"text")
    outcome, _ = run(config, folder, Kind.PRETRAIN)
    space = load_space(config.paths.data / "slow" / outcome.space, torch.device("cpu"))
    assert len(VectorFile(config.paths.data / "embeddings" / space.id, space.info.dim)) == IMAGES - 1


def test_with_hardly_an_image_there_is_nothing_to_do(config: Config, folder: FolderLabeler) -> None:
    for i in range(IMAGES):
        (folder.root / f"{i}.png").write_bytes(b"")
    with pytest.raises(TooLittle, match="only 0 images could be read"):
        run(config, folder, Kind.PRETRAIN)


def test_lines_are_read_as_they_were_written() -> None:
    step = Step(state=SlowState.TRAINING, progress=0.5, sentence="so")
    assert parse_line(step.model_dump_json().encode()) == step
    with pytest.raises(ValueError, match="Step"):
        parse_line(b'{"progress": 2}')
    outcome = Outcome(space="a", accepted=True, sentence="b")
    assert parse_line(outcome.model_dump_json().encode()) == outcome


def test_masks_are_read_for_labelled_training_images(config: Config, folder: FolderLabeler) -> None:
    network, _ = run(config, folder, Kind.PRETRAIN)
    numbers = [i for i in range(IMAGES) if i not in TEST]
    levels = np.zeros((16, 16), np.uint8)
    levels[:5, :5] = 128
    space = load_space(config.paths.data / "slow" / network.space, torch.device("cpu"))
    refs, _ = directory(folder)
    vectors = VectorFile(config.paths.data / "embeddings" / space.id, space.info.dim)
    present = vectors[np.array([vectors.find(refs[number].content_hash) for number in numbers])]
    labels = write_labels(config, numbers, present)
    plain, _ = run(config, folder, Kind.TRAIN, network=network.space, labels=labels)
    for number in [*numbers[:6], TEST[0]]:
        folder.paint(number, levels)
    steered, _ = run(config, folder, Kind.TRAIN, network=network.space, labels=labels)
    assert steered.space != plain.space
    tested = [int(outcome.sentence.split(" validation")[0].split()[-1]) for outcome in (plain, steered)]
    assert tested[1] > tested[0], "validation images with the painted parts on them are asked too"
    off = config.model_copy(update={"slow": config.slow.model_copy(update={"reasons": "off"})})
    assert run(off, folder, Kind.TRAIN, network=network.space, labels=labels)[0].space == plain.space
    for number in [*numbers[:6], TEST[0]]:
        folder.paint(number, levels * 0)
    assert run(config, folder, Kind.TRAIN, network=network.space, labels=labels)[0].space == plain.space
