"""Masks painted on training images: one per image, kept with time and person, listed in the order they changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from labeler.database import Database
from labeler.image_store import ImageRow, ImageStore
from labeler.schema import images, masks
from shared.errors import Conflict, UnknownImage
from shared.masks import decode_mask
from shared.messages import Lane


@dataclass(frozen=True, slots=True)
class Masks:
    """The use cases. clock: seconds since the epoch."""

    database: Database
    images: ImageStore
    clock: Callable[[], float]

    def view(self, image_id: str) -> dict[str, Any]:
        """What a page needs to paint on an image. Raises UnknownImage."""
        row = self._image(image_id)
        found = self._row(row.number)
        return {
            "image_id": image_id,
            "url": f"/images/{image_id}",
            "filename": row.path.decode("utf-8", "replace"),
            "width": row.width,
            "height": row.height,
            "paintable": row.lane != Lane.TEST,
            "painted": found is not None,
            "person": found.person if found else "",
            "time": found.time if found else None,
        }

    def png(self, image_id: str) -> bytes:
        """The mask of an image. Raises UnknownImage where it has none."""
        found = self._row(self._image(image_id).number)
        if found is None:
            raise UnknownImage(f"nothing is painted on the image {image_id[:80]!r}", "image_id")
        return bytes(found.png)

    def keep(self, image_id: str, png: bytes, person: str) -> dict[str, Any]:
        """Keep a mask; an empty one clears. Raises UnknownImage, Conflict on the hold-out, InvalidInput."""
        row = self._image(image_id)
        if row.lane == Lane.TEST:
            raise Conflict("this image belongs to the hold-out, which only measures; paint on others", "image_id")
        levels = decode_mask(png, row.width, row.height)
        return {"change": self._save(row.number, png if levels.any() else None, person)}

    def clear(self, image_id: str, person: str) -> dict[str, Any]:
        """Take the mask of an image away; without one, nothing changes. Raises UnknownImage."""
        number = self._image(image_id).number
        if self._row(number) is None:
            return {"change": self.last_change()}
        return {"change": self._save(number, None, person)}

    def changed(self, after: int, limit: int) -> list[dict[str, Any]]:
        """At most `limit` masks with change > after, in that order; `painted` is false where one was taken away."""
        query = (
            sa.select(
                masks.c.image.label("number"),
                images.c.image_id,
                images.c.width,
                images.c.height,
                masks.c.change,
                masks.c.png.is_not(None).label("painted"),
                masks.c.time,
            )
            .join(images, images.c.number == masks.c.image)
            .where(masks.c.change > after)
            .order_by(masks.c.change)
            .limit(limit)
        )
        with self.database.reading() as c:
            return [{**row, "painted": bool(row["painted"])} for row in c.execute(query).mappings()]

    def last_change(self) -> int:
        """The newest change; 0 before there is one."""
        with self.database.reading() as c:
            return c.scalar(sa.select(sa.func.max(masks.c.change))) or 0

    def _image(self, image_id: str) -> ImageRow:
        row = self.images.find_images([image_id]).get(image_id)
        if row is None:
            raise UnknownImage(f"there is no image {image_id[:80]!r}; it may have been changed or removed", "image_id")
        return row

    def _row(self, number: int) -> Any:
        with self.database.reading() as c:
            return c.execute(sa.select(masks).where(masks.c.image == number, masks.c.png.is_not(None))).first()

    def _save(self, number: int, png: bytes | None, person: str) -> int:
        with self.database.writing() as c:
            change = (c.scalar(sa.select(sa.func.max(masks.c.change))) or 0) + 1
            c.execute(masks.delete().where(masks.c.image == number))
            c.execute(masks.insert().values(image=number, png=png, person=person, time=self.clock(), change=change))
        return change
