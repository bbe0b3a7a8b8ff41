"""`python -m services.tts` runs the tts worker as the settings say."""

import sys
from functools import partial

from atelier.tts.v1 import tts_pb2_grpc
from services.common.models import resolve_model
from services.common.settings import SettingsError
from services.common.worker import Worker, settings_or_exit
from services.tts.engine import TtsEngine
from services.tts.metrics import STAGES, TtsMetrics
from services.tts.servicer import TtsServicer
from services.tts.settings import TtsSettings


def main() -> None:
    """Serves until it is told to stop."""
    settings = settings_or_exit("tts", TtsSettings)
    worker = Worker(settings, stages=STAGES)
    try:
        engine = TtsEngine(settings, resolve_model(settings.model), worker.metrics)
    except SettingsError as error:
        sys.exit(f"tts worker: capabilities.tts.{error}")
    servicer = TtsServicer(engine, worker.lane, TtsMetrics(worker.registry), settings)
    worker.serve(
        partial(tts_pb2_grpc.add_TtsServiceServicer_to_server, servicer), preload=engine.load
    )


if __name__ == "__main__":
    main()
