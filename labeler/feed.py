"""Which part of the log goes to the trainer next, and when. Pure: the time is an argument."""

from __future__ import annotations

from shared.config import Stream

RESEND_AFTER_S = 5.0
CATCH_UP_ROWS = 500


class Feed:
    """One batch at a time: the next one is due when the one before has been acknowledged."""

    def __init__(self, rule: Stream, applied_seq: int) -> None:
        self.applied_seq = applied_seq
        self._rule = rule
        self._sent_to = applied_seq
        self._sent_at = 0.0
        self._pending_since: float | None = None

    def acknowledge(self, seq: int) -> None:
        """The trainer has applied everything up to `seq`."""
        if seq > self.applied_seq:
            self.applied_seq = seq
            self._pending_since = None
            self._sent_to = max(self._sent_to, seq)

    def rewind(self, after: int) -> None:
        """The trainer missed what follows `after`."""
        self.applied_seq = self._sent_to = min(after, self.applied_seq)

    def sent(self, seq_to: int, now: float) -> None:
        """A batch up to `seq_to` has left at `now` (seconds)."""
        self._sent_to, self._sent_at = seq_to, now

    def wait(self, last_seq: int, now: float) -> float | None:
        """Seconds until the next batch is due, 0 for at once, None while there is nothing to send."""
        if last_seq <= self.applied_seq:
            self._pending_since = None
            return None
        if self._pending_since is None:
            self._pending_since = now
        if self._sent_to > self.applied_seq:
            return max(self._sent_at + RESEND_AFTER_S - now, 0.0)
        if self._rule.wait_for_full_batch and last_seq - self.applied_seq < self._rule.batch_size:
            return max(self._pending_since + self._rule.flush_after_s - now, 0.0)
        return 0.0

    def limit(self, last_seq: int) -> int:
        """How many rows the next batch may have: `stream.batch_size`, more while far behind."""
        behind = last_seq - self.applied_seq
        return CATCH_UP_ROWS if behind > CATCH_UP_ROWS else self._rule.batch_size
