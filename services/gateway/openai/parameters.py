"""What becomes of each parameter that OpenAI's clients can send: the one table of it.

Requests are checked against it, and docs/openai.md shows it. Knows names and values, no meaning.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.gateway.openai.errors import ApiError, missing


class Support(StrEnum):
    """What becomes of a parameter."""

    WORKS = "works"
    """It does what OpenAI says."""
    EXTENSION = "extension"
    """It works, and OpenAI has none of that name; clients send it in `extra_body`."""
    HINT = "accepted"
    """By OpenAI's own definition it never changes an answer, and here it changes nothing."""
    REFUSED = "refused"
    """Any value but the idle ones is answered with the error unsupported_parameter."""


@dataclass(frozen=True)
class Parameter:
    """What becomes of one parameter. null is the same as leaving it out."""

    support: Support
    note: str = ""
    idle: tuple[object, ...] = ()
    """Of a refused parameter: the values that ask for nothing, and are accepted."""
    required: bool = False


Table = Mapping[str, Parameter]


def _works(note: str = "") -> Parameter:
    return Parameter(Support.WORKS, note)


def _required(note: str = "") -> Parameter:
    return Parameter(Support.WORKS, note, required=True)


def _extension(note: str) -> Parameter:
    return Parameter(Support.EXTENSION, note)


def _hint(note: str = "") -> Parameter:
    return Parameter(Support.HINT, note)


def _refused(note: str, *idle: object) -> Parameter:
    return Parameter(Support.REFUSED, note, idle)


_NO_TOOLS = "the models call no tools"
_TEXT_ONLY = "the models read and write text only"
_NO_GIF_OR_SVG = "pictures are PNG, JPEG or WebP"

CHAT: Table = {
    "messages": _required("see below"),
    "model": _required(),
    "stream": _works(),
    "stream_options": _works("see below"),
    "temperature": _works(),
    "top_p": _works(),
    "max_completion_tokens": _works(),
    "max_tokens": _works("the same as `max_completion_tokens`"),
    "stop": _works("a text, or up to 16 of them"),
    "seed": _works("any whole number; those that are equal modulo 2³² are the same seed"),
    "metadata": _works("returned in the answer, which nobody keeps; not with `stream`"),
    "top_k": _extension("among how many of the likeliest tokens is chosen; 0 for all"),
    "repetition_penalty": _extension("makes words that occurred less likely, from 1 (off) to 2"),
    "user": _hint(),
    "safety_identifier": _hint(),
    "prompt_cache_key": _hint(),
    "n": _refused("ask several times: the calls share a batch", 1),
    "logprobs": _refused("the engine tells no probabilities", False),
    "top_logprobs": _refused("the engine tells no probabilities", 0),
    "frequency_penalty": _refused("use `repetition_penalty`", 0),
    "presence_penalty": _refused("use `repetition_penalty`", 0),
    "logit_bias": _refused("the engine has none", {}),
    "response_format": _refused("answers are free text", {"type": "text"}),
    "tools": _refused(_NO_TOOLS, []),
    "tool_choice": _refused(_NO_TOOLS, "none", "auto"),
    "parallel_tool_calls": _refused(_NO_TOOLS, True),
    "functions": _refused(_NO_TOOLS, []),
    "function_call": _refused(_NO_TOOLS, "none", "auto"),
    "web_search_options": _refused(_NO_TOOLS),
    "modalities": _refused(_TEXT_ONLY, ["text"]),
    "audio": _refused(_TEXT_ONLY),
    "prediction": _refused("the engine cannot use one"),
    "reasoning_effort": _refused("the models do not reason apart from their answer", "none"),
    "verbosity": _refused("say in the prompt how long the answer shall be", "medium"),
    "store": _refused("conversations are not kept", False),
    "service_tier": _refused("all calls are served alike", "auto", "default"),
    "prompt_cache_options": _refused("prompts are not cached"),
    "prompt_cache_retention": _refused("prompts are not cached"),
    "moderation": _refused("nothing is moderated"),
}

STREAM_OPTIONS: Table = {
    "include_usage": _works(),
    "include_obfuscation": _refused("events are not padded", False),
}

MESSAGE: Table = {
    "role": _required("`system`, `developer` (the same as `system`), `user` or `assistant`"),
    "content": _required("a text, or parts of type `text`, which are joined as they are"),
    "name": _refused("chat templates know no names"),
    "refusal": _refused("models refuse in plain words"),
    "audio": _refused(_TEXT_ONLY),
    "tool_calls": _refused(_NO_TOOLS, []),
    "tool_call_id": _refused(_NO_TOOLS),
    "function_call": _refused(_NO_TOOLS),
    "annotations": _refused("part of answers, not of requests", []),
}

CONTENT_PART: Table = {
    "type": _required("`text`"),
    "text": _required(),
    "prompt_cache_breakpoint": _hint(),
    "image_url": _refused(_TEXT_ONLY),
    "input_audio": _refused(_TEXT_ONLY),
    "file": _refused(_TEXT_ONLY),
    "refusal": _refused("models refuse in plain words"),
}

SPEECH: Table = {
    "input": _required(),
    "model": _required(),
    "voice": _required(
        'an id of `GET /v1/tts/voices`, also as `{"id": …}`, or `default`; OpenAI\'s voices '
        "are not here"
    ),
    "response_format": _works("`mp3` (if left out), `opus`, `flac`, `wav` or `pcm`; no `aac`"),
    "speed": _works(),
    "stream_format": _works("`audio` or `sse`"),
    "seed": _extension("equal seeds give equal sound"),
    "instructions": _refused("the voices cannot be directed"),
}

IMAGE: Table = {
    "prompt": _required(),
    "model": _works("the capability's own if left out"),
    "n": _works(),
    "size": _works("`auto`, or WxH as the model can, see `GET /v1/image/model`"),
    "response_format": _works("`b64_json` (if left out) or `url`"),
    "output_format": _works("`png`, `jpeg` or `webp`"),
    "stream": _works(),
    "partial_images": _works("small JPEG pictures"),
    "seed": _extension("equal seeds give equal pictures"),
    "negative_prompt": _extension("what the picture must not show"),
    "steps": _extension("the number of denoising steps"),
    "guidance_scale": _extension("how strictly the prompt is followed"),
    "safety_identifier": _hint(),
    "user": _hint(),
    "background": _refused("pictures have no transparent parts", "auto", "opaque"),
    "quality": _refused("use `steps`", "auto", "standard"),
    "moderation": _refused("nothing is moderated", "auto", "low"),
    "style": _refused("say it in the prompt"),
    "output_compression": _refused("the files' quality is fixed"),
    "complexity": _refused("the models plan nothing"),
    "frame_count": _refused(_NO_GIF_OR_SVG),
    "frame_duration_ms": _refused(_NO_GIF_OR_SVG),
    "svg": _refused(_NO_GIF_OR_SVG),
}

VIDEO: Table = {
    "prompt": _required("how the picture moves"),
    "input_reference": _required(
        'the first frame: a PNG, JPEG or WebP file, or `{"image_url": "data:…"}`; no `file_id`'
    ),
    "model": _works("the capability's own if left out"),
    "seconds": _works("what the model can, see `GET /v1/videogen/model`; its own if left out"),
    "size": _works("WxH as the model can; its own if left out"),
    "seed": _extension("equal seeds give equal clips"),
    "negative_prompt": _extension("what the clip must not show"),
    "steps": _extension("the number of denoising steps"),
    "guidance_scale": _extension("how strictly the prompt is followed"),
}

VIDEO_LIST: Table = {
    "after": _works(),
    "limit": _works("from 1 to 100, 20 if left out"),
    "order": _works("`asc` or `desc` (if left out)"),
}
VIDEO_CONTENT: Table = {"variant": _works("`video` (if left out) or `thumbnail`")}


def accepted(table: Table, given: Mapping[str, object], inside: str = "") -> dict[str, object]:
    """The parameters that work, without those that are null.

    `inside`: the path of the object that holds them, "messages[0]" for example. Raises ApiError
    for one that is unknown, refused or missing.
    """
    prefix = f"{inside}." if inside else ""
    for name, value in given.items():
        _check(table, name, value, prefix)
    kept = dict(_meant(table, given))
    for name, parameter in table.items():
        if parameter.required and name not in kept:
            raise missing(f"{prefix}{name}", "is missing; it is required")
    return kept


def rows(table: Table) -> str:
    """The rows of a Markdown table: parameter, what becomes of it, and what to know."""
    lines = []
    for name, item in table.items():
        words = [item.support.value]
        if item.required:
            words = ["required"]
        if item.support is Support.REFUSED and item.idle:
            idle = ", ".join(f"`{json.dumps(value)}`" for value in item.idle)
            words.append(f"but for {idle}")
        lines.append(f"| `{name}` | {' '.join(words)} | {item.note} |")
    return "\n".join(lines)


def _check(table: Table, name: str, value: object, prefix: str) -> None:
    parameter = table.get(name)
    if parameter is None:
        raise ApiError(
            400,
            f"Unknown parameter: '{prefix}{name}'.",
            code="unknown_parameter",
            param=f"{prefix}{name}",
        )
    if parameter.support is not Support.REFUSED or value is None:
        return
    if not any(_same(value, idle) for idle in parameter.idle):
        raise ApiError(
            400,
            f"Unsupported parameter: '{prefix}{name}' is not supported here: {parameter.note}."
            + _way_out(parameter),
            code="unsupported_parameter",
            param=f"{prefix}{name}",
        )


def _same(value: object, idle: object) -> bool:
    """Equal, where Python takes true for 1."""
    return value == idle and isinstance(value, bool) == isinstance(idle, bool)


def _way_out(parameter: Parameter) -> str:
    """What to do about a refused parameter."""
    values = " or ".join(json.dumps(item) for item in parameter.idle)
    return f" Leave it out or send {values}." if values else " Leave it out."


def _meant(table: Table, given: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for name, value in given.items():
        if value is not None and table[name].support in (Support.WORKS, Support.EXTENSION):
            yield name, value
