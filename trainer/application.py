"""The composition root: makes every part of the trainer and joins them."""

from __future__ import annotations

import logging
import os
import sys
import time
from contextlib import ExitStack, closing
from threading import Event
from typing import Final

import torch

from shared.config import Config
from shared.tokens import trainer_token
from trainer.api import ApiServer, Health, create_api
from trainer.checkpoint import load_checkpoint
from trainer.conversation import Conversation
from trainer.embedder import Embedder
from trainer.labeler_http import LabelerHttp
from trainer.link import SocketIOLink
from trainer.loading import Loader
from trainer.loop import Trainer
from trainer.models.choose import BATCH_SIZES, choose_device, choose_space
from trainer.pool import Pool
from trainer.progress import Progress

log = logging.getLogger(__name__)

MAX_THREADS: Final = 8  # more do not make batches of this size faster


def run_trainer(config: Config, ending: Event) -> None:
    """Make a trainer and run it until `ending` is set. Raises LabelstreamError where it cannot start."""
    set_threads(config)
    data = config.paths.data
    with ExitStack() as stack:
        pool = Pool()
        link = SocketIOLink(config.trainer.labeler_url, lambda: trainer_token(data))
        talk = Conversation(link, load_checkpoint(data / "checkpoints"), pool)
        api = ApiServer(create_api(lambda: _health(trainer)), config.trainer.host, config.trainer.port)
        stack.enter_context(closing(api))
        trainer_token(data)  # fail now, not in a thread, where it cannot be used
        source = LabelerHttp(config.trainer.labeler_url, lambda: trainer_token(data))
        device = choose_device(config.train.device)
        embedder = Embedder(
            pool,
            choose_space(config.model, device),
            Loader(config.paths.images, source, config.images.max_pixels),
            data / "embeddings",
            config.train.embed_batch_size or BATCH_SIZES.get(device.type, 32),
            Progress(sys.stderr),
        )
        trainer = Trainer(config, link, talk, pool, embedder, time.monotonic, ending)
        for part in (api, link, embedder):
            part.start()
        stack.enter_context(closing(link))
        stack.enter_context(closing(embedder))
        log.info("http://%s:%d, labeler at %s", config.trainer.host, api.port, config.trainer.labeler_url)
        trainer.run()


def set_threads(config: Config) -> None:
    """Let torch use train.threads threads, or as many as there are processors for this process."""
    torch.set_num_threads(config.train.threads or min(MAX_THREADS, len(os.sched_getaffinity(0))))


def _health(trainer: Trainer) -> Health:
    checkpoint = trainer.talk.checkpoint
    return Health(
        status="ok",
        state=trainer.state,
        applied_seq=checkpoint.book.applied_seq,
        model_version=checkpoint.model.version,
    )
