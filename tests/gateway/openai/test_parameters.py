"""The table of parameters beside OpenAI's own client: nothing is missing and nothing silent."""

import re
from pathlib import Path
from typing import Any, get_type_hints

import openai
import pytest
from openai import types
from openai.types import audio, chat

from services.common.settings import ROOT
from services.gateway.openai import chat as our_chat
from services.gateway.openai import elsewhere, images, parameters, speech, videos
from services.gateway.openai.errors import ApiError
from services.gateway.openai.parameters import Support, Table
from services.gateway.openai.values import Values

DOCS = ROOT / "docs" / "openai.md"


def names(*kinds: Any) -> set[str]:
    return set().union(*(get_type_hints(kind) for kind in kinds))


CHAT = names(
    chat.completion_create_params.CompletionCreateParamsStreaming,
    chat.completion_create_params.CompletionCreateParamsNonStreaming,
)
MESSAGE = names(
    chat.ChatCompletionDeveloperMessageParam,
    chat.ChatCompletionSystemMessageParam,
    chat.ChatCompletionUserMessageParam,
    chat.ChatCompletionAssistantMessageParam,
    chat.ChatCompletionToolMessageParam,
    chat.ChatCompletionFunctionMessageParam,
)
PART = names(
    chat.ChatCompletionContentPartTextParam,
    chat.ChatCompletionContentPartImageParam,
    chat.ChatCompletionContentPartInputAudioParam,
    chat.chat_completion_content_part_param.File,
    chat.ChatCompletionContentPartRefusalParam,
)
IMAGE = names(
    types.image_generate_params.ImageGenerateParamsStreaming,
    types.image_generate_params.ImageGenerateParamsNonStreaming,
)
SWEPT = [
    (parameters.CHAT, CHAT),
    (parameters.MESSAGE, MESSAGE | {"annotations"}),
    (parameters.CONTENT_PART, PART),
    (parameters.STREAM_OPTIONS, names(chat.ChatCompletionStreamOptionsParam)),
    (parameters.SPEECH, names(audio.SpeechCreateParams)),
    (parameters.IMAGE, IMAGE),
    (parameters.VIDEO, names(types.VideoCreateParams)),
    (parameters.VIDEO_LIST, names(types.VideoListParams)),
    (parameters.VIDEO_CONTENT, names(types.VideoDownloadContentParams)),
]


@pytest.mark.parametrize(("table", "theirs"), SWEPT)
def test_every_parameter_of_the_client_is_in_the_table(table: Table, theirs: set[str]) -> None:
    ours = {name for name, item in table.items() if item.support is not Support.EXTENSION}
    assert ours == theirs
    assert theirs.isdisjoint(set(table) - ours)


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        (parameters.CHAT, our_chat.ChatValues),
        (parameters.MESSAGE, our_chat.MessageValues),
        (parameters.CONTENT_PART, our_chat.PartValues),
        (parameters.STREAM_OPTIONS, our_chat.StreamOptionsValues),
        (parameters.SPEECH, speech.SpeechValues),
        (parameters.IMAGE, images.ImageValues),
        (parameters.VIDEO, videos.VideoValues),
        (parameters.VIDEO_LIST, videos.ListValues),
        (parameters.VIDEO_CONTENT, videos.ContentValues),
    ],
)
def test_what_works_is_read_and_nothing_else(table: Table, kind: type[Values]) -> None:
    works = (Support.WORKS, Support.EXTENSION)
    assert set(kind.model_fields) == {n for n, item in table.items() if item.support in works}


@pytest.mark.parametrize("table", [table for table, _ in SWEPT])
def test_every_refused_parameter_is_refused_by_name(table: Table) -> None:
    for name, item in table.items():
        if item.support is Support.REFUSED:
            with pytest.raises(ApiError, match=f"'{name}' is not supported here") as caught:
                parameters.accepted(table, {name: object()})
            assert (caught.value.code, caught.value.param) == ("unsupported_parameter", name)
            assert item.note


def test_values_that_ask_for_nothing_are_told_from_their_lookalikes() -> None:
    table = {"n": parameters.Parameter(Support.REFUSED, "no", idle=(1, False))}
    assert parameters.accepted(table, {"n": 1}) == {}
    assert parameters.accepted(table, {"n": None}) == {}
    for lookalike in (True, 0):
        with pytest.raises(ApiError):
            parameters.accepted(table, {"n": lookalike})


def test_the_documentation_has_the_table_as_it_is() -> None:
    text = DOCS.read_text(encoding="utf-8")
    for table, _ in SWEPT:
        rows = parameters.rows(table)
        assert rows in text, f"docs/openai.md lacks:\n{rows}"


def test_every_route_of_the_client_is_offered_or_answered() -> None:
    folder = Path(str(openai.__file__)).parent / "resources"
    text = "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))
    words = set(re.findall(r"""[\( ]f?"/([a-z_]+)[/"?]""", text))
    assert {"chat", "responses", "embeddings"} <= words
    assert words <= {*elsewhere.OWN, *elsewhere.OTHER}
