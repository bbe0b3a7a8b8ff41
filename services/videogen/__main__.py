"""`python -m services.videogen` runs the videogen worker as the settings say."""

import sys
from functools import partial

from atelier.videogen.v1 import videogen_pb2_grpc
from services.common.cancellation import Cancellation
from services.common.model_slot import LoadedModel, ModelSlot
from services.common.models import ModelSource, resolve_model
from services.common.settings import SettingsError
from services.common.worker import Worker, settings_or_exit
from services.videogen.card import VideoCards
from services.videogen.clip import Filmed
from services.videogen.metrics import STAGES, VideogenMetrics
from services.videogen.order import Order
from services.videogen.servicer import Engine, VideogenServicer
from services.videogen.settings import VideogenSettings


def main() -> None:
    """Serves until it is told to stop."""
    settings = settings_or_exit("videogen", VideogenSettings)
    try:
        source = resolve_model(settings.model)
        cards = VideoCards(source, settings)
        cards.current()
    except SettingsError as error:
        sys.exit(f"videogen worker: {error}")
    worker = Worker(settings, stages=STAGES)
    slot = ModelSlot(
        name=source.name,
        device=settings.device,
        load=partial(_load, source, settings),
        metrics=worker.metrics,
    )
    metrics = VideogenMetrics(worker.registry)
    servicer = VideogenServicer(
        slot, _encode, cards.current, worker.lane, worker.metrics, metrics, settings
    )
    worker.serve(
        partial(videogen_pb2_grpc.add_VideogenServiceServicer_to_server, servicer),
        preload=slot.get,
        close=servicer.close,
    )


# torch, diffusers and av take seconds to import: the worker is online before.


def _load(source: ModelSource, settings: VideogenSettings) -> LoadedModel[Engine]:
    from services.videogen import engine  # noqa: PLC0415

    loaded = engine.load(source, settings)
    return LoadedModel(loaded.value, loaded.device, loaded.dtype, loaded.parameters)


def _encode(clip: Filmed, order: Order, cancellation: Cancellation) -> bytes:
    from services.videogen.engine_encoding import encode  # noqa: PLC0415

    return encode(
        clip.frames,
        frames_per_second=order.frames_per_second,
        file_format=order.format,
        cancellation=cancellation,
    )


if __name__ == "__main__":
    main()
