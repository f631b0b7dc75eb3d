"""What the trainer's loop does when the slow loop swaps the embeddings while people label."""

from __future__ import annotations

import torch

from shared.config import Config
from shared.messages import Finished, MetricsReport, Ranking, SessionNews, SessionState
from tests.unit.trainer.bench import IMAGES, Bench, Make, train_images
from tests.unit.trainer.conftest import welcome_to
from tests.unit.trainer.models.test_small_cnn import photos
from tests.waiting import wait_for
from trainer.embedder import Embedder
from trainer.export import read_model
from trainer.link import LinkUp
from trainer.models.backbone import NetworkSpace
from trainer.models.small_cnn import small_cnn
from trainer.slow.loop import SlowLoop


class OneSwap(SlowLoop):
    """A slow loop without processes, whose new space is accepted when `ready` is set."""

    def __init__(self, bench: Bench, config: Config) -> None:
        super().__init__(config, bench.talk, bench.pool, None, torch.device("cpu"), lambda: 0.0)
        self.ready = self.interrupted = self.said_again = False

    def tick(self, embedder: Embedder) -> bool:
        ready, self.ready = self.ready, False
        if ready:
            embedder.swap(NetworkSpace(*small_cnn(photos(40)), torch.device("cpu")))
        return ready

    def again(self) -> None:
        self.said_again = True

    def interrupt(self) -> None:
        self.interrupted = True


def test_the_head_is_fitted_anew_on_all_labels_and_the_order_follows(make: Make) -> None:
    bench = make()
    slow = bench.trainer._slow = OneSwap(bench, bench.config)
    bench.embedded()
    bench.step(LinkUp(), welcome_to())
    assert slow.said_again
    bench.label(*train_images(15), 0, 5)
    version = bench.last(Ranking).version
    slow.ready = True
    bench.step()
    wait_for(lambda: bench.pool.counts().embedded == IMAGES, "the images in the new space")
    bench.step()
    head = bench.talk.checkpoint.model.head
    assert head is not None
    assert head.weight.shape[1] == 384
    assert bench.talk.checkpoint.model.labels == 15
    assert bench.last(Ranking).version > version
    assert bench.last(MetricsReport).metrics["accuracy"].n == 2
    bench.label(*train_images(18)[15:])
    assert bench.last(Ranking).based_on_seq == 20


def test_what_is_exported_is_the_swapped_space(make: Make) -> None:
    bench = make()
    slow = bench.trainer._slow = OneSwap(bench, bench.config)
    bench.embedded()
    bench.step(LinkUp(), welcome_to())
    bench.label(*train_images(15))
    slow.ready = True
    bench.step()
    bench.embedded()
    bench.step(SessionNews(state=SessionState.STOPPING))
    assert slow.interrupted
    card, head, _ = read_model(bench.data / "exports" / bench.last(Finished).exports[0])
    assert card.preprocessing.kind == "small_cnn"
    assert head.weight.shape[1] == card.preprocessing.dim
