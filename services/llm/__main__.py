"""`python -m services.llm` runs the llm worker as the settings say."""

import os
import sys
from functools import partial

from atelier.llm.v1 import llm_pb2_grpc
from services.common.models import resolve_model
from services.common.settings import SettingsError
from services.common.worker import Worker, settings_or_exit
from services.llm.metrics import STAGES, LlmMetrics
from services.llm.servicer import LlmServicer
from services.llm.settings import LlmSettings


def main() -> None:
    """Serves until it is told to stop."""
    settings = settings_or_exit("llm", LlmSettings)
    try:
        source = resolve_model(settings.model)
    except SettingsError as error:
        sys.exit(f"llm worker: {error}")
    # Threads that spin while they wait take the CPU from the others; read when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from services.llm.engine import LlmEngine  # noqa: PLC0415 - loads torch

    worker = Worker(settings, stages=STAGES)
    try:
        engine = LlmEngine(settings, source, worker.metrics)
    except SettingsError as error:
        sys.exit(f"llm worker: capabilities.llm.{error}")
    servicer = LlmServicer(engine, worker.metrics, LlmMetrics(worker.registry), settings)
    engine.read_tokenizer()

    async def close() -> None:
        await servicer.admission.close()
        await engine.close()

    worker.serve(
        partial(llm_pb2_grpc.add_LlmServiceServicer_to_server, servicer),
        preload=engine.load,
        close=close,
    )


if __name__ == "__main__":
    main()
