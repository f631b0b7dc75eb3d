"""Names on the wire: namespaces, events and the protocol's version."""

from __future__ import annotations

from typing import Final

PROTOCOL_VERSION: Final = 1

BROWSER_NAMESPACE: Final = "/"
TRAINER_NAMESPACE: Final = "/trainer"

# labeler → browser; each carries the part of /api/state it is named after
STATE: Final = "state"
QUEUE: Final = "queue"
METRICS: Final = "metrics"
TRAINER: Final = "trainer"
VERSIONS: Final = "versions"

# trainer → labeler
HELLO: Final = "hello"
APPLIED: Final = "applied"
RESEND: Final = "resend"
RANKING: Final = "ranking"
METRICS_REPORT: Final = "metrics_report"
STATUS: Final = "status"
SLOW: Final = "slow"
UNREADABLE: Final = "unreadable"
STOP_REACHED: Final = "stop_reached"
FINISHED: Final = "finished"
VERSION: Final = "version"
VERSIONS_KEPT: Final = "versions_kept"

# labeler → trainer
ANNOTATIONS: Final = "annotations"
SESSION: Final = "session"
POOL_CHANGED: Final = "pool_changed"
STEERING: Final = "steering"
ASK: Final = "ask"

MAX_MESSAGE_BYTES: Final = 4_000_000
MAX_RANKING_ENTRIES: Final = 1_000
MAX_LEASED: Final = 1_000
MAX_LOOK_ALIKES: Final = 100
