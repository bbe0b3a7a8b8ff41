"""Number words of American English: cardinals, ordinals, years, decimals, digit by digit.

Knows numbers, not text: where a number stands and what it means there is decided in
`reading`.
"""

import re

LARGEST_IN_WORDS = 10**15
"""From here on people read digit by digit."""

_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = (
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen"),
    *("seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES = ("", " thousand", " million", " billion", " trillion")
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_FRACTIONS = {2: ("half", "halves"), 4: ("quarter", "quarters")}
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_ROMAN_FORM = re.compile(r"M{0,3}(CM|CD|D?C{0,3})(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})")


def cardinal(number: int) -> str:
    """`1234` as "one thousand two hundred thirty-four"."""
    if number < 0:
        return "minus " + cardinal(-number)
    if number >= LARGEST_IN_WORDS:
        return digits(str(number))
    if number == 0:
        return _DIGITS[0]
    groups: list[str] = []
    for scale in _SCALES:
        number, group = divmod(number, 1000)
        if group:
            groups.append(_below_thousand(group) + scale)
    return " ".join(reversed(groups))


def ordinal(number: int) -> str:
    """`21` as "twenty-first"."""
    words = cardinal(number)
    cut = max(words.rfind(" "), words.rfind("-")) + 1
    last = words[cut:]
    return words[:cut] + _ORDINALS.get(last, _with_th(last))


def digits(text: str) -> str:
    """Every digit of `text` by its name; other characters are left out."""
    return " ".join(_DIGITS[int(char)] for char in text if char in "0123456789")


def decimal(text: str) -> str:
    """`3.14` as "three point one four"; thousands commas and a sign may stand in it."""
    sign = "minus " if text[0] in "-−" else ""
    whole, _, fraction = text.lstrip("+-−").replace(",", "").partition(".")
    spoken = integer(whole) if whole else "zero"
    return sign + (f"{spoken} point {digits(fraction)}" if fraction else spoken)


def integer(text: str) -> str:
    """Digits as a cardinal; with a leading zero, as in 007, digit by digit."""
    if len(text) > 1 and text.startswith("0"):
        return digits(text).replace("zero", "oh")
    return cardinal(int(text))


def year(number: int) -> str:
    """`1999` as "nineteen ninety-nine", `2005` as "two thousand five"; 1000 to 2999."""
    century, rest = divmod(number, 100)
    if number % 1000 < 10 or not 1000 <= number <= 2999:
        return cardinal(number)
    if rest == 0:
        return cardinal(century) + " hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def decade(number: int) -> str:
    """`1990` as "nineteen nineties", `90` as "nineties"."""
    spoken = year(number) if number >= 100 else cardinal(number)
    return spoken[:-1] + "ies" if spoken.endswith("y") else spoken + "s"


def fraction(numerator: int, denominator: int) -> str:
    """`3, 4` as "three quarters"."""
    one, many = _FRACTIONS.get(denominator, (ordinal(denominator), ordinal(denominator) + "s"))
    return f"{cardinal(numerator)} {one if numerator == 1 else many}"


def roman(text: str) -> int | None:
    """The value of a Roman numeral in capitals, or None if it is not a well-formed one."""
    if not text or not _ROMAN_FORM.fullmatch(text):
        return None
    values = [_ROMAN[char] for char in text]
    following = [*values[1:], 0]
    pairs = zip(values, following, strict=True)
    return sum(-value if value < after else value for value, after in pairs)


def _below_thousand(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    words = [f"{_DIGITS[hundreds]} hundred"] if hundreds else []
    if rest >= 20:
        tens, ones = divmod(rest, 10)
        words.append(_TENS[tens - 2] + (f"-{_DIGITS[ones]}" if ones else ""))
    elif rest >= 10:
        words.append(_TEENS[rest - 10])
    elif rest:
        words.append(_DIGITS[rest])
    return " ".join(words)


def _with_th(word: str) -> str:
    return word[:-1] + "ieth" if word.endswith("y") else word + "th"
