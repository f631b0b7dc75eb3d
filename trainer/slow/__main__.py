"""`python -m trainer.slow`: the process of one round. The job comes on standard input, news go to standard output."""

from __future__ import annotations

import os
import signal
import sys

import torch

from shared.errors import LabelstreamError
from shared.messages import SlowState
from shared.tokens import trainer_token
from trainer.labeler_http import LabelerHttp
from trainer.priority import BESIDE
from trainer.slow.messages import Job, Outcome, Step
from trainer.slow.worker import Round


def main() -> int:
    """Do one round; the answer is the process's exit status, a failure says its reason before."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the trainer, which ends this process
    os.nice(BESIDE)
    job = Job.model_validate_json(sys.stdin.readline())
    torch.set_num_threads(job.config.slow.threads)
    data = job.config.paths.data
    try:
        _say(Round(job, LabelerHttp(job.config.trainer.labeler_url, lambda: trainer_token(data)), _say).run())
    except LabelstreamError as error:
        _say(Step(state=SlowState.FAILED, progress=0.0, sentence=str(error)))
        return 1
    return 0


def _say(message: Step | Outcome) -> None:
    print(message.model_dump_json(), flush=True)


if __name__ == "__main__":
    sys.exit(main())
