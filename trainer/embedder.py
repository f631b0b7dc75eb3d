"""Reads the pool in the background: asks the labeler what there is, decodes, embeds, appends to the array."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np

from shared.errors import ImageRejected, LabelstreamError
from shared.messages import UnreadableImage
from trainer.loading import Loader
from trainer.models.pixels import FIT_ON, PIXEL_SIZE, PixelSpace
from trainer.models.space import Pixels, Space
from trainer.pool import ImageRef, Pool
from trainer.priority import lower_priority
from trainer.progress import Progress
from trainer.vectors import VectorFile

log = logging.getLogger(__name__)

IDLE_S: Final = 1.0
RETRY_S: Final = 3.0
PIXELS_FILE: Final = "pixels.safetensors"

Loading = list[tuple[ImageRef, Future[Pixels | None]]]


class Embedder:
    """A thread of low priority that follows the labeler's directory and embeds what has no vector yet.

    space: None fits pixel features on the first images. folder: data/embeddings, one folder per space below it.
    While the next batch is decoded by the decoder threads, the one before goes through the model.
    beside: done in this thread whenever the pool has been embedded.
    """

    def __init__(
        self, pool: Pool, space: Space | None, loader: Loader, folder: Path, batch_size: int, progress: Progress
    ) -> None:
        self.beside: Callable[[], None] = lambda: None
        self._space = space
        self._pool = pool
        self._loader = loader
        self._folder = folder
        self._batch_size = batch_size
        self._progress = progress
        self._swapping = threading.Lock()
        self._free = threading.Event()
        self._news = threading.Event()
        self._closing = threading.Event()
        self._listed = False
        self._unreadable: list[UnreadableImage] = []
        self._decoders = ThreadPoolExecutor(os.cpu_count() or 1, "decode", initializer=lower_priority)
        self._thread = threading.Thread(target=self._run, name="embedder", daemon=True)

    def start(self) -> None:
        """Begin, in the background."""
        self._free.set()
        self._thread.start()

    def close(self) -> None:
        """End after the batch at hand."""
        self._closing.set()
        self._news.set()
        self._free.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)
        self._decoders.shutdown(wait=False, cancel_futures=True)

    def swap(self, space: Space | None) -> None:
        """Embed into another space from now on; what its array holds is there at once. None: pixel features."""
        vectors = None if space is None else VectorFile(self._folder / space.id, space.info.dim)
        with self._swapping:
            self._space = space
            if space is not None and vectors is not None:
                self._pool.use(space, vectors)
        self._news.set()

    def look_again(self) -> None:
        """The labeler's directory has changed."""
        self._news.set()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within, no further batch is started: the fast loop needs the processor."""
        self._free.clear()
        try:
            yield
        finally:
            self._free.set()

    def breathe(self) -> None:
        """Return once nothing is `held`: for other work of low priority, between its parts."""
        self._free.wait()

    @property
    def listed(self) -> bool:
        """Whether the directory has been read to its end at least once."""
        return self._listed

    def take_unreadable(self) -> list[UnreadableImage]:
        """What could not be used since the last call."""
        taken, self._unreadable = self._unreadable, []
        return taken

    def _run(self) -> None:
        lower_priority()
        while not self._closing.is_set():
            pause = IDLE_S
            try:
                self._follow_directory()
                self._embed_pending()
                self.beside()
            except LabelstreamError as error:
                log.warning("reading the pool: %s; trying on", error)
                pause = RETRY_S
            except Exception:  # whatever happens to one batch must not end the reading of the pool
                log.exception("reading the pool failed; trying on")
                pause = RETRY_S
            self._news.wait(pause)

    def _follow_directory(self) -> None:
        self._news.clear()
        while not self._closing.is_set():
            cursor = self._pool.cursor
            page = self._loader.source.pool(cursor.last_change)
            if not page.images:
                self._listed = True
                return
            self._pool.update(page.images, cursor)

    def _embed_pending(self) -> None:
        space = self._current_space()
        if space is None:
            return
        if self._pool.vectors is not None:
            self._pool.vectors.sketch()
        loading = self._load(space, [])
        while loading and not self._closing.is_set():
            self._free.wait()
            following = self._load(space, [ref for ref, _ in loading])
            with self._swapping:
                if space is not self._pool.space:
                    return
                self._embed(space, loading)
            counts = self._pool.counts()
            self._progress.show(counts.embedded, counts.images)
            loading = following
            if self._news.is_set():
                self._follow_directory()

    def _current_space(self) -> Space | None:
        """The space to embed into; pixel features are fitted again while the pool is still small and has doubled."""
        wanted = self._space
        space = self._fitted_pixels() if wanted is None else wanted
        with self._swapping:
            if wanted is not self._space:
                return None
            if space is not None and space is not self._pool.space:
                self._pool.use(space, VectorFile(self._folder / space.id, space.info.dim))
        return space

    def _fitted_pixels(self) -> PixelSpace | None:
        """Pixel features; fitted again while they rest on few images and the pool has doubled."""
        used = self._pool.space
        now = used if isinstance(used, PixelSpace) else PixelSpace.load(self._folder / PIXELS_FILE)
        found = self._pool.counts().images
        if now is not None and (now.fitted_on >= FIT_ON or found < 2 * now.fitted_on):
            return now
        if found < FIT_ON and not self._listed:
            return now
        images = [pixels for _, pixels in self._finished(self._submit(self._pool.sample(FIT_ON), PIXEL_SIZE))]
        if not images:
            return now
        fitted = PixelSpace.fit(np.stack(images))
        fitted.save(self._folder / PIXELS_FILE)
        log.info("features: %d principal components of the pixels of %d images", len(fitted.components), len(images))
        return fitted

    def _load(self, space: Space, busy: Sequence[ImageRef]) -> Loading:
        refs = self._pool.pending(self._batch_size, [ref.number for ref in busy])
        return self._submit(refs, space.info.image_size)

    def _submit(self, refs: Sequence[ImageRef], size: int) -> Loading:
        return [(ref, self._decoders.submit(self._loader.load, ref, size)) for ref in refs]

    def _finished(self, loading: Loading) -> list[tuple[ImageRef, Pixels]]:
        """The images that could be read; the others are noted. Raises LabelstreamError if the labeler is away."""
        read = []
        for ref, future in loading:
            try:
                pixels = future.result()
            except ImageRejected as error:
                self._refuse(ref, str(error))
                continue
            if pixels is None:
                self._pool.failed([ref])
            else:
                read.append((ref, pixels))
        return read

    def _embed(self, space: Space, loading: Loading) -> None:
        read = self._finished(loading)
        vectors = self._pool.vectors
        if not read or vectors is None:
            return
        embedded = space.embed(np.stack([pixels for _, pixels in read]))
        finite = [bool(np.isfinite(row).all()) for row in embedded]
        for (ref, _), fine in zip(read, finite, strict=True):
            if not fine:
                self._refuse(ref, "gives features that are NaN or infinite")
        refs = [ref for (ref, _), fine in zip(read, finite, strict=True) if fine]
        self._pool.embedded(refs, vectors.append([ref.content_hash for ref in refs], embedded[finite]))
        vectors.sketch()

    def _refuse(self, ref: ImageRef, reason: str) -> None:
        self._pool.failed([ref])
        self._unreadable.append(UnreadableImage(image=ref.number, content_hash=ref.content_hash.hex(), reason=reason))
