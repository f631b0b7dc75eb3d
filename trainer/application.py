"""The composition root: makes every part of the trainer and joins them."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from functools import partial
from threading import Event
from typing import Final

import torch

from shared.config import Config
from shared.tokens import trainer_token
from trainer.api import ApiServer, Health, create_api
from trainer.checkpoint import load_checkpoint
from trainer.clerk import Clerk
from trainer.conversation import Conversation
from trainer.embedder import Embedder
from trainer.explanation.answers import Explainer
from trainer.explanation.models import Models
from trainer.label_issues import Doubts
from trainer.labeler_http import LabelerHttp
from trainer.link import SocketIOLink
from trainer.loading import Loader
from trainer.loop import Trainer
from trainer.models.backbone import NetworkSpace
from trainer.models.choose import BATCH_SIZES, choose_device, choose_space
from trainer.painted import Painted
from trainer.pool import Pool
from trainer.progress import Progress
from trainer.projection.answers import Cartographer
from trainer.projection.atlas import Atlas
from trainer.service.answers import Settings
from trainer.service.backbones import Backbones
from trainer.service.calls import Calls
from trainer.service.features import FeatureStore
from trainer.service.guard import Guard
from trainer.service.jobs import Jobs
from trainer.service.places import Roots
from trainer.service.routes import calls_blueprint
from trainer.slow.loop import SlowLoop
from trainer.slow.spaces import FOLDER as SPACES
from trainer.telemetry import Figures, Telemetry
from trainer.versions import FOLDER as VERSIONS
from trainer.versions import VersionStore

log = logging.getLogger(__name__)

MAX_THREADS: Final = 8  # more do not make batches of this size faster


def run_trainer(config: Config, ending: Event) -> None:
    """Make a trainer and run it until `ending` is set. Raises LabelstreamError where it cannot start."""
    set_threads(config)
    data, url, clock = config.paths.data, config.trainer.labeler_url, time.monotonic
    token = partial(trainer_token, data)
    with ExitStack() as stack:
        pool = Pool()
        link = SocketIOLink(url, token, asked=lambda ask: clerk.take(ask))  # noqa: PLW0108 - it is made further down
        talk = Conversation(link, load_checkpoint(data / "checkpoints"), pool)
        device = choose_device(config.train.device)
        batch_size = config.train.embed_batch_size or BATCH_SIZES.get(device.type, 32)
        jobs = Jobs(clock, lambda: embedder.breathe())  # noqa: PLW0108 - it is made further down
        calls = _calls(config, device, batch_size)
        api = stack.enter_context(closing(_api(config, calls, lambda: trainer, pool, jobs)))
        token()  # fail now, not in a thread, where it cannot be used
        base = choose_space(config.model, device)
        source = LabelerHttp(url, token)
        loader = Loader(config.paths.images, source, config.images.max_pixels)
        painted = Painted(pool, loader, source, clock)
        slow = SlowLoop(
            config,
            talk,
            pool,
            base,
            device,
            clock,
            keep=lambda: trainer.versions.spaces(talk.checkpoint.log_id).values(),
            masks=lambda: painted.settled,
        )
        stack.enter_context(closing(slow))
        embedder = Embedder(pool, slow.space(), loader, data / "embeddings", batch_size, Progress(sys.stderr))
        embedder.beside = lambda: painted.refresh(embedder.breathe)
        atlas = stack.enter_context(closing(Atlas(data)))
        clerk = _clerk(config, talk, pool, atlas, base, lambda: trainer, embedder.breathe)
        trainer = Trainer(config, link, talk, pool, embedder, clock, ending, slow, painted)
        for part in (jobs, api, clerk, link, embedder):
            part.start()
        for part in (jobs, link, embedder, clerk):
            stack.enter_context(closing(part))
        log.info("http://%s:%d, labeler at %s", config.trainer.host, api.port, url)
        trainer.run()


def _api(config: Config, calls: Calls, trainer: Callable[[], Trainer], pool: Pool, jobs: Jobs) -> ApiServer:
    """The trainer's own HTTP service."""
    app = create_api(
        lambda: _health(trainer()),
        calls_blueprint(calls, jobs),
        Telemetry(lambda: _figures(trainer(), pool, jobs)),
        Guard(config.trainer, partial(trainer_token, config.paths.data)),
    )
    return ApiServer(app, config.trainer.host, config.trainer.port)


def _clerk(
    config: Config,
    talk: Conversation,
    pool: Pool,
    atlas: Atlas,
    base: NetworkSpace | None,
    trainer: Callable[[], Trainer],
    breathe: Callable[[], None],
) -> Clerk:
    """What answers the pages' questions, with a connection of its own."""
    data = config.paths.data
    http = LabelerHttp(config.trainer.labeler_url, partial(trainer_token, data))
    versions = VersionStore(data / VERSIONS, config.train.keep_versions)
    models = Models(pool, lambda: talk.checkpoint.model, lambda: talk.checkpoint.log_id, versions, data / SPACES, base)
    cartographer = Cartographer(pool, atlas, lambda: talk.checkpoint.model)
    explainer = Explainer(pool, Loader(config.paths.images, http, config.images.max_pixels), models)
    doubts = Doubts(pool, lambda: talk.checkpoint.model, lambda: trainer().fitted)
    handlers = {**cartographer.handlers(), **explainer.handlers(), **doubts.handlers()}
    return Clerk(handlers, http.answer, breathe)


def set_threads(config: Config) -> None:
    """Let torch use train.threads threads, or as many as there are processors for this process."""
    torch.set_num_threads(config.train.threads or min(MAX_THREADS, len(os.sched_getaffinity(0))))


def _calls(config: Config, device: torch.device, batch_size: int) -> Calls:
    data = config.paths.data
    return Calls(
        Settings(config.train, config.strategy),
        Roots([config.paths.images, data, *config.trainer.roots]),
        Backbones(config.model, data / "weights", device),
        FeatureStore(data / "features", config.images.max_pixels, batch_size),
    )


def _figures(trainer: Trainer, pool: Pool, jobs: Jobs) -> Figures:
    checkpoint, counts = trainer.talk.checkpoint, pool.counts()
    return Figures(
        applied_seq=checkpoint.book.applied_seq,
        model_version=checkpoint.model.version,
        labels=checkpoint.model.labels,
        images=counts.images,
        embedded=counts.embedded,
        done=trainer.timings.counts,
        seconds=trainer.timings.seconds,
        jobs={state.value: count for state, count in jobs.counts().items()},
    )


def _health(trainer: Trainer) -> Health:
    checkpoint = trainer.talk.checkpoint
    return Health(
        status="ok",
        state=trainer.state,
        applied_seq=checkpoint.book.applied_seq,
        model_version=checkpoint.model.version,
    )
