"""Picture files with the settings in their metadata, where people's tools look for them.

PNG has the text chunk `parameters` as the well-known web interfaces write it, and `atelier` as
JSON; JPEG and WebP have the same text as EXIF UserComment, and the JSON as ImageDescription.
"""

import io
import json

from PIL import Image, PngImagePlugin

from services.image.order import Order

_IMAGE_DESCRIPTION, _SOFTWARE, _EXIF, _USER_COMMENT = 0x010E, 0x0131, 0x8769, 0x9286


def picture_file(picture: Image.Image, order: Order, *, index: int, model: str) -> bytes:
    """The file of the order's picture `index`, in the order's format."""
    text = parameters_text(order, index=index, model=model)
    facts = json.dumps(_facts(order, index=index, model=model), ensure_ascii=True)
    file = io.BytesIO()
    if order.format == "png":
        chunks = PngImagePlugin.PngInfo()
        chunks.add_text("parameters", text)
        chunks.add_text("atelier", facts)
        picture.save(file, "PNG", pnginfo=chunks)
    elif order.format == "webp":
        picture.save(file, "WEBP", quality=90, exif=_exif(text, facts))
    else:
        picture.save(file, "JPEG", quality=92, exif=_exif(text, facts))
    return file.getvalue()


def parameters_text(order: Order, *, index: int, model: str) -> str:
    """The prompt, the negative prompt on a line of its own, then the settings in one line."""
    settings = {
        "Steps": order.steps,
        "Sampler": order.scheduler or None,
        "CFG scale": f"{order.guidance_scale:g}",
        "Seed": order.seed_of(index),
        "Size": f"{order.width}x{order.height}",
        "Model": model,
        "Denoising strength": f"{order.strength:g}" if order.picture else None,
        "Version": "Atelier",
    }
    lines = [order.prompt]
    if order.negative_prompt:
        lines.append(f"Negative prompt: {order.negative_prompt}")
    lines.append(
        ", ".join(f"{key}: {value}" for key, value in settings.items() if value is not None)
    )
    return "\n".join(lines)


def _facts(order: Order, *, index: int, model: str) -> dict[str, object]:
    """The settings under the names of the request's fields."""
    facts: dict[str, object] = {
        "prompt": order.prompt,
        "negative_prompt": order.negative_prompt,
        "width": order.width,
        "height": order.height,
        "steps": order.steps,
        "guidance_scale": order.guidance_scale,
        "seed": order.seed_of(index),
        "scheduler": order.scheduler,
        "model": model,
    }
    return facts | ({"strength": order.strength} if order.picture else {})


def _exif(text: str, facts: str) -> Image.Exif:
    exif = Image.Exif()
    exif[_IMAGE_DESCRIPTION] = facts
    exif[_SOFTWARE] = "Atelier"
    exif.get_ifd(_EXIF)[_USER_COMMENT] = b"UNICODE\0" + text.encode("utf-16-be")
    return exif
