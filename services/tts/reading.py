"""Written English turned into words as a person reads them aloud.

Knows numbers, dates, times, money, units, addresses, abbreviations and signs. Knows no
phonemes and no voice. What it returns holds letters, apostrophes, hyphens and the marks
, . ; : ? ! only; a word that begins with SPELLED is to be read letter by letter.
"""

import re
import unicodedata
from collections.abc import Callable

from services.tts import numerals
from services.tts.abbreviations import (
    ABBREVIATIONS,
    CURRENCIES,
    CURRENCY_CODES,
    DOTTED,
    GREEK,
    MAGNITUDES,
    MONTH_NAMES,
    MONTHS,
    SIGNS,
    TITLES,
    UNITS,
    WEEKDAYS,
)

SPELLED = "·"
"""Begins a word that is read letter by letter."""

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]


def spoken(text: str) -> str:
    """The words of `text`, ready for pronunciation; "" if nothing in it can be spoken."""
    text = _plain(text)
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    text = _LEFT_OVER.sub(" ", text)
    text = _REPEATED_MARK.sub(_strongest, text)
    return re.sub(r"\s+", " ", text).strip(" ,;:")


# What a keyboard has many of and a voice has one of.
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("‘’ʼ′`´", "'"),
        **dict.fromkeys("“”„«»″", '"'),
        **dict.fromkeys("‐‑", "-"),
        **dict.fromkeys("—―–", "–"),
        **dict.fromkeys("…", "."),
        **dict.fromkeys("。．", "."),
        **dict.fromkeys("，、", ","),
        **dict.fromkeys("•·◦‣▪", " , "),
        "！": "!",
        "？": "?",
        "；": ";",
        "：": ":",
        "⁄": "/",
        "Ω": "ohm",
        "μ": "µ",
    }
)
_POWERS = {"²": " squared", "³": " cubed"}


def _plain(text: str) -> str:
    """Typography undone; characters that are seen but not heard removed."""
    text = re.sub(r"(?<=\d)([½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞])", r" and \1", text)
    kept = [
        char if char in "²³µ™…" else unicodedata.normalize("NFKC", char)
        for char in text
        if unicodedata.category(char) not in ("Cf", "Mn") or char == "\u0301"
    ]
    return unicodedata.normalize("NFC", "".join(kept)).translate(_PLAIN)


def _date(month: int, day: int, year: str) -> str:
    words = f"{MONTHS[month - 1]} {numerals.ordinal(day)}"
    return f"{words}, {numerals.year(int(year))}" if year else words


def _iso_date(match: re.Match[str]) -> str:
    return _dated(match, int(match[2]), int(match[3]), match[1])


def _slash_date(match: re.Match[str]) -> str:
    year = match[3] if len(match[3]) == 4 else "20" + match[3]
    return _dated(match, int(match[1]), int(match[2]), year)


def _dated(match: re.Match[str], month: int, day: int, year: str) -> str:
    if 1 <= month <= 12 and 1 <= day <= 31:
        return _date(month, day, year)
    return match[0].replace("-", " ").replace("/", " ")


def _month_day(match: re.Match[str]) -> str:
    month = MONTHS.index(MONTH_NAMES[match[1]]) + 1
    day = int(match[2])
    if not 1 <= day <= 31:
        return match[0]
    return _date(month, day, match[3] or "")


def _day_month(match: re.Match[str]) -> str:
    month = MONTHS.index(MONTH_NAMES[match[2]]) + 1
    if not 1 <= int(match[1]) <= 31:
        return match[0]
    words = f"the {numerals.ordinal(int(match[1]))} of {MONTHS[month - 1]}"
    return f"{words}, {numerals.year(int(match[3]))}" if match[3] else words


def _time(match: re.Match[str]) -> str:
    hour, minute, second = int(match[1]), int(match[2] or 0), match[3]
    half = (match[4] or "").replace(".", "").replace(" ", "").lower()
    if hour > 24 or minute > 59:
        return match[0].replace(":", " ")
    words = numerals.cardinal(hour)
    if minute:
        words += " " + ("oh " if minute < 10 else "") + numerals.cardinal(minute)
    elif not half:
        words += " o'clock" if 1 <= hour <= 12 else " hundred"
    if second:
        words += f" and {numerals.cardinal(int(second))} seconds"
    return f"{words} {SPELLED}{half}" if half else words


def _money(match: re.Match[str]) -> str:
    sign, amount, magnitude = match["sign"], match["amount"], match["magnitude"]
    one, many, cent, cents = CURRENCIES[sign]
    minus = "minus " if match["minus"] else ""
    if magnitude:
        scale = MAGNITUDES.get(magnitude, magnitude)
        return f"{minus}{numerals.decimal(amount)} {scale} {many}"
    whole, _, part = amount.replace(",", "").partition(".")
    if len(part) not in (0, 2):
        return f"{minus}{numerals.decimal(amount)} {many}"
    words = [_counted(int(whole), one, many)] if int(whole) or not int(part or 0) else []
    if int(part or 0):
        words.append(_counted(int(part), cent, cents))
    return minus + " and ".join(words)


def _coded_money(match: re.Match[str]) -> str:
    code, amount = (match[1], match[2]) if match[1] else (match[4], match[3])
    return f" {CURRENCY_CODES[code]}{amount} "


def _counted(number: int, one: str, many: str) -> str:
    return f"{numerals.cardinal(number)} {one if number == 1 else many}"


def _measure(match: re.Match[str]) -> str:
    one, many = UNITS[match["unit"]]
    number = match["number"]
    unit = one if number.lstrip("-−+") == "1" else many
    return f"{numerals.decimal(number)} {unit}"


def _phone(match: re.Match[str]) -> str:
    groups = re.findall(r"\d+", match[0])
    return ", ".join(numerals.digits(group).replace("zero", "oh") for group in groups)


def _range(match: re.Match[str]) -> str:
    return f"{match[1]} to {match[2]}"


def _fraction(match: re.Match[str]) -> str:
    numerator, denominator = int(match[1]), int(match[2])
    if denominator in (0, 1) or denominator > 100 or numerator > 100:
        return f"{match[1]} slash {match[2]}"
    return numerals.fraction(numerator, denominator)


def _decade(match: re.Match[str]) -> str:
    return numerals.decade(int(match[1] or match[2]))


def _ordinal(match: re.Match[str]) -> str:
    return numerals.ordinal(int(match[1].replace(",", "")))


def _version(match: re.Match[str]) -> str:
    parts = match[2].split(".")
    prefix = "version " if match[1] else ""
    dot = " dot " if len(parts) > 3 else " point "
    return prefix + dot.join(numerals.integer(part) for part in parts)


def _number(match: re.Match[str]) -> str:
    text = match[0]
    if re.fullmatch(r"(1[1-9]|20)\d\d", text):
        return numerals.year(int(text))
    if len(text) > 9 and text.isdigit():
        return ", ".join(numerals.digits(group) for group in re.findall(r"\d{1,3}", text))
    return numerals.decimal(text)


def _roman(match: re.Match[str]) -> str:
    value = numerals.roman(match[2])
    if value is None:
        return match[0]
    heading = match[1] in _NUMBERED
    return (
        f"{match[1]} {numerals.cardinal(value)}"
        if heading
        else (f"{match[1]} the {numerals.ordinal(value)}")
    )


_NUMBERED = (
    *("War", "Chapter", "Part", "Act", "Scene", "Volume", "Section", "Title", "Article"),
    *("Phase", "Type", "Stage", "Level", "Appendix", "Bowl", "Book", "Figure", "Table"),
)
_MONARCHS = (
    *("Henry", "Louis", "George", "Edward", "Charles", "James", "William", "Richard"),
    *("Elizabeth", "Catherine", "Pius", "Paul", "John", "Francis", "Philip", "Benedict"),
    *("Frederick", "Napoleon", "Alexander", "Nicholas", "Peter", "Ivan", "Leo", "Mary"),
)


def _url(match: re.Match[str]) -> str:
    address = re.sub(r"^(https?://)?(www\.)?", "", match[0], flags=re.IGNORECASE)
    trailing = re.search(r"[.,;:!?)\]'\"]*$", address)
    end = trailing.start() if trailing else len(address)
    return _address(address[:end].rstrip("/")) + " " + address[end:]


_ADDRESS_SIGNS = {
    ".": " dot ",
    "@": " at ",
    "/": " slash ",
    "-": " dash ",
    "_": " underscore ",
    ":": " colon ",
    "?": " question mark ",
    "=": " equals ",
    "&": " and ",
    "#": " hash ",
    "+": " plus ",
    "~": " tilde ",
    "%": " percent ",
}


def _email(match: re.Match[str]) -> str:
    return _address(match[0])


def _address(text: str) -> str:
    parts = re.findall(r"[^\W\d_]+|\d+|[\W_]", text)
    return "".join(_ADDRESS_SIGNS.get(part, _address_part(part)) for part in parts)


def _address_part(part: str) -> str:
    if part.isdigit():
        # Spaced, as letters may stand directly beside it.
        return f" {numerals.integer(part) if len(part) < 5 else numerals.digits(part)} "
    short = len(part) <= 3 and part.lower() not in ("com", "org", "net", "gov", "edu")
    vowels = sum(char in "aeiouy" for char in part.lower())
    return f" {SPELLED}{part} " if short and (vowels == 0 or len(part) < 3) else part


def _saint_or_street(match: re.Match[str]) -> str:
    return "Saint " if match["name"] else "Street"


def _joined(words: object) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))  # type: ignore[call-overload]


def _table(
    pattern: str, table: dict[str, str], flags: int = 0
) -> tuple[re.Pattern[str], Callable[[re.Match[str]], str]]:
    """A rule that replaces group 1, looked up in `table`."""
    return re.compile(pattern, flags), lambda match: table[match[1]]


_MONTH = _joined(MONTH_NAMES)
_NUMBER = r"(?:\d+(?:,\d{3})*(?:\.\d+)?|\.\d+)"
_SIGNED = rf"(?:(?<![\w.)])[-−+])?{_NUMBER}"
_AFTER = r"(?![\w²³])"

_RULES: tuple[Rule, ...] = (
    # Markup.
    (re.compile(r"!?\[([^\]]*)\]\([^)\s]*\)"), lambda m: m[1]),
    (re.compile(r"(?m)^\s*(?:#{1,6}|>|[-*+])\s+"), lambda _: " "),
    (re.compile(r"(?<!\w)(\*{1,3}|_{1,3}|~~)(?=\S)(.+?)(?<=\S)\1(?!\w)"), lambda m: m[2]),
    # Addresses.
    (re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b"), _email),
    (re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE), _url),
    (
        re.compile(
            r"\b(?:[a-z0-9-]+\.)+(?:com|org|net|io|gov|edu|dev|ai|co|uk|de|eu|info)\b(?:/[\w./-]*)?"
        ),
        _url,
    ),
    # Abbreviations.
    (
        re.compile(rf"(?<![\w.])({_joined(DOTTED)})(?![a-z])"),
        lambda m: DOTTED[m[1]] + (_stop_at_end(m)),
    ),
    _table(rf"\b({_joined(TITLES)})\.?(?=\s+[A-Z])", TITLES),
    _table(r"\b(Mr|Mrs|Ms|Dr|Prof)\.(?=\s+[a-z])", TITLES),
    (re.compile(r"(?<=[a-z] )Dr\.?(?=[,.;]|$)"), lambda _: "Drive"),
    (re.compile(r"\bSt\.?(?=\s+(?P<name>[A-Z])|\W|$)"), _saint_or_street),
    (re.compile(r"\b(?:No|Nos|no)\.\s*(?=\d)"), lambda _: "number "),
    (re.compile(r"#\s?(?=\d)"), lambda _: "number "),
    (re.compile(r"#(?=[A-Za-z])"), lambda _: "hashtag "),
    (
        re.compile(rf"\b({_joined(ABBREVIATIONS)})\."),
        lambda m: ABBREVIATIONS[m[1]] + _stop_at_end(m),
    ),
    (re.compile(rf"\b({_joined(WEEKDAYS)})\.(?=,|\s)"), lambda m: WEEKDAYS[m[1]]),
    (
        re.compile(r"\b((?:[A-Za-z]\.){2,})"),
        lambda m: SPELLED + m[1].replace(".", "") + _stop_at_end(m),
    ),
    # Dates and times.
    (re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})(?=\D|$)(?:T(?=\d))?"), _iso_date),
    (re.compile(r"\b(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})\b"), _slash_date),
    (
        re.compile(
            rf"\b({_MONTH})\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?\b(?!:)(?:,?\s+([12]\d{{3}})\b)?"
        ),
        _month_day,
    ),
    (
        re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?\s+({_MONTH})\b\.?(?:,?\s+([12]\d{{3}})\b)?"),
        _day_month,
    ),
    _table(rf"\b({_MONTH})\.", MONTH_NAMES),
    (
        re.compile(
            r"\b(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\s?([ap]\.?m\b\.?))?(?![\d:])", re.IGNORECASE
        ),
        _time,
    ),
    (re.compile(r"\b(\d{1,2})()()\s?([ap]\.?m\b\.?)(?!\w)", re.IGNORECASE), _time),
    # Money, measures.
    (
        re.compile(
            rf"\b(?:({_joined(CURRENCY_CODES)})\s?({_NUMBER})|({_NUMBER})\s?({_joined(CURRENCY_CODES)}))\b"
        ),
        _coded_money,
    ),
    (
        re.compile(
            rf"(?P<minus>[-−])?(?P<sign>{_joined(CURRENCIES)})\s?(?P<amount>{_NUMBER})"
            rf"(?:\s?(?P<magnitude>{_joined(MAGNITUDES)}|hundred|thousand|million|billion|trillion)\b)?"
        ),
        _money,
    ),
    (re.compile(r"\b(\d+)'\s?(\d{1,2})\"(?!\w)"), lambda m: f"{m[1]} foot {m[2]}"),
    (re.compile(r"(?<![\w'])(?:'(\d0)|([12]\d\d0))'?s\b"), _decade),
    (
        re.compile(rf"({_NUMBER})\s?[–-]\s?(?={_NUMBER}\s?(?:{_joined(UNITS)}){_AFTER})"),
        lambda m: f"{numerals.decimal(m[1])} to ",
    ),
    (
        re.compile(rf"(?P<number>{_SIGNED})\s?(?P<unit>{_joined(UNITS)}){_AFTER}"),
        _measure,
    ),
    # Numbers.
    (
        re.compile(r"(?<![\w-])(?:\+?1[ .-])?(?:\(\d{3}\)\s?|\d{3}[ .-])\d{3}[.-]\d{4}\b"),
        _phone,
    ),
    (re.compile(r"(?<![\w-])\d{3}-\d{4}\b(?!-)"), _phone),
    (re.compile(r"\b(\d{1,3}(?:,\d{3})+|\d+)(?:st|nd|rd|th)\b"), _ordinal),
    (re.compile(r"\b([vV]\.?\s?)?(\d+(?:\.\d+){2,})\b"), _version),
    (re.compile(r"\b([vV])(\d+(?:\.\d+)?)\b"), _version),
    (re.compile(r"(?<=\d)\s?[xX×]\s?(?=\d)"), lambda _: " by "),
    (re.compile(r"(?<=\d)\s?\*\s?(?=\d)"), lambda _: " times "),
    (re.compile(r"(?<=\d)\s[-−]\s(?=\d)"), lambda _: " minus "),
    (re.compile(r"(?<![\d/])(\d{1,3})/(\d{1,3})(?![\d/])"), _fraction),
    (re.compile(rf"(?<![\w.-])({_NUMBER})\s?[–-]\s?({_NUMBER})(?![\w-])"), _range),
    (re.compile(rf"\b({_joined((*_NUMBERED, *_MONARCHS))}) ([IVXLC]+)\b"), _roman),
    (re.compile(r"(?<=[A-Za-z])-?(?=\d)|(?<=\d)(?=[A-Za-z])"), lambda _: " "),
    (re.compile(rf"{_SIGNED}"), lambda m: f" {_number(m)} "),
    # Signs.
    (re.compile(r"(?i)\band/or\b"), lambda _: "and or"),
    (re.compile(r"(?<=\w)\s?/\s?(?=\w)"), lambda _: " slash "),
    (re.compile(rf"(?<![^\W\d_])([{''.join(GREEK)}])(?![^\W\d_])"), lambda m: f" {GREEK[m[1]]} "),
    (re.compile("[²³]"), lambda m: _POWERS[m[0]]),
    (re.compile(rf"([{re.escape(''.join(SIGNS))}])"), lambda m: f" {SIGNS[m[1]]} "),
    # Marks that are heard as a pause.
    (re.compile(r"\.{2,}|\.\s\.\s\."), lambda _: ", "),
    (re.compile(r"\s*–\s*|\s+-{1,3}\s+|--+"), lambda _: ", "),
    (re.compile(r"\s*[(\[{]\s*"), lambda _: ", "),
    (re.compile(r"\s*[)\]}](?=\s*[.,;:!?])"), lambda _: ""),
    (re.compile(r"\s*[)\]}]\s*"), lambda _: ", "),
    (re.compile(r"[\n\r]+"), lambda _: " "),
)


def _stop_at_end(match: re.Match[str]) -> str:
    """An abbreviation's full stop at the very end is the sentence's, too."""
    rest = match.string[match.end() :].strip("\"') ")
    return "." if not rest and match[0].endswith(".") else ""


_LEFT_OVER = re.compile(rf"[^\w\s'{SPELLED},.;:?!-]|_")
_REPEATED_MARK = re.compile(r"\s*[,.;:?!](?:[\s,.;:?!]*[,.;:?!])?")


def _strongest(match: re.Match[str]) -> str:
    """Of several marks in a row the one that is heard."""
    marks = set(match[0])
    for mark in "?!.:;":
        if mark in marks:
            return mark + " "
    return ", "
