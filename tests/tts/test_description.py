import json

from services.tts.description import Framing, describe


def test_a_model_that_is_not_here_yet_is_called_after_its_name() -> None:
    found = describe("facebook/mms-tts-deu", lambda _: None)
    assert [(voice.id, voice.language) for voice in found.voices] == [("mms-tts-deu", "de")]
    assert not found.phonemes


def test_the_tokenizer_knows_the_language() -> None:
    found = describe("x", {"tokenizer_config.json": '{"language": "fra"}'}.get)
    assert found.language == "fr"


def test_a_rare_language_keeps_its_long_code() -> None:
    assert describe("facebook/mms-tts-abi", lambda _: None).language == "abi"


def test_atelier_s_own_file_comes_first() -> None:
    own = {
        "id": "joe",
        "display_name": "Joe",
        "language": "en-US",
        "phonemes": "espeak-ipa",
        "framing": {"begin": "^", "between": "_", "end": "$"},
        "residual_block": 2,
        "identity_shift": 256,
        "licence": "CC0-1.0",
    }
    found = describe("voice", {"voice.json": json.dumps(own)}.get)
    assert found.voices[0].display_name == "Joe"
    assert found.phonemes
    assert (found.residual_kind, found.residual_shift) == (2, 256.0)
    assert found.framing.around("ab") == "^_a_b_$"


def test_no_framing_changes_nothing() -> None:
    assert Framing().around("ab") == "ab"
