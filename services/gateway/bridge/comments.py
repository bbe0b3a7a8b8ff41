"""What the protos say in words about their parts, by full names. Knows one generated file.

Stubs carry no comments, so `make protos` writes them down beside the stubs.
"""

import json
from collections.abc import Mapping
from functools import cache

from services.common.settings import ROOT

FILE = ROOT / "protos" / "gen" / "comments.json"


@cache
def proto_comments() -> Mapping[str, str]:
    """The comments of services, methods, messages, fields and enum values by their full names.

    Empty where the file is missing; of protos from elsewhere there are none.
    """
    try:
        comments: dict[str, str] = json.loads(FILE.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return comments
