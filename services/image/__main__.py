"""`python -m services.image` runs the image worker as the settings say."""

import sys
from functools import partial

from atelier.image.v1 import image_pb2_grpc
from services.common.model_slot import LoadedModel, ModelSlot
from services.common.models import ModelSource, resolve_model
from services.common.settings import SettingsError
from services.common.worker import Worker, settings_or_exit
from services.image.card import ImageCards
from services.image.metrics import STAGES, ImageMetrics
from services.image.servicer import Engine, ImageServicer
from services.image.settings import ImageSettings


def main() -> None:
    """Serves until it is told to stop."""
    settings = settings_or_exit("image", ImageSettings)
    try:
        source = resolve_model(settings.model)
        cards = ImageCards(source, settings)
        cards.current()
    except SettingsError as error:
        sys.exit(f"image worker: {error}")
    worker = Worker(settings, stages=STAGES)
    slot = ModelSlot(
        name=source.name,
        device=settings.device,
        load=partial(_load, source, settings),
        metrics=worker.metrics,
    )
    servicer = ImageServicer(
        slot, cards.current, worker.lane, worker.metrics, ImageMetrics(worker.registry), settings
    )
    worker.serve(
        partial(image_pb2_grpc.add_ImageServiceServicer_to_server, servicer), preload=slot.get
    )


def _load(source: ModelSource, settings: ImageSettings) -> LoadedModel[Engine]:
    # torch and diffusers take seconds to import: the worker is online before.
    from services.image import engine  # noqa: PLC0415

    loaded = engine.load(source, settings)
    return LoadedModel(loaded.value, loaded.device, loaded.dtype, loaded.parameters)


if __name__ == "__main__":
    main()
