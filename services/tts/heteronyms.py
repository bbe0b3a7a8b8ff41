"""Words of one spelling and several pronunciations, by part of speech. Only a table.

Pronunciations are espeak's IPA for American English, as in the lexicon.
"""

NOUN, VERB, PAST, ADJECTIVE = "noun", "verb", "past", "adjective"


def kind(tag: str) -> str:
    """The table's word for a Penn Treebank tag; "" for any other part of speech."""
    if tag in ("VBD", "VBN"):
        return PAST
    if tag.startswith("VB") or tag == "MD":
        return VERB
    if tag.startswith("NN"):
        return NOUN
    return ADJECTIVE if tag.startswith("JJ") else ""


def _noun_and_verb(noun: str, verb: str) -> dict[str, str]:
    return {NOUN: noun, ADJECTIVE: noun, VERB: verb, PAST: verb}


HETERONYMS: dict[str, dict[str, str]] = {
    "abuse": _noun_and_verb("ɐbjˈuːs", "ɐbjˈuːz"),
    "address": _noun_and_verb("ˈædɹɛs", "ɐdɹˈɛs"),
    "advocate": _noun_and_verb("ˈædvəkət", "ˈædvəkˌeɪt"),
    "alternate": _noun_and_verb("ˈɔːltɚnət", "ˈɔːltɚnˌeɪt"),
    "appropriate": _noun_and_verb("ɐpɹˈoʊpɹɪət", "ɐpɹˈoʊpɹɪˌeɪt"),
    "associate": _noun_and_verb("ɐsˈoʊʃɪət", "ɐsˈoʊʃɪˌeɪt"),
    "attribute": _noun_and_verb("ˈætɹɪbjˌuːt", "ɐtɹˈɪbjuːt"),
    "close": _noun_and_verb("klˈoʊs", "klˈoʊz"),
    "compound": _noun_and_verb("kˈɑːmpaʊnd", "kəmpˈaʊnd"),
    "conduct": _noun_and_verb("kˈɑːndʌkt", "kəndˈʌkt"),
    "conflict": _noun_and_verb("kˈɑːnflɪkt", "kənflˈɪkt"),
    "content": {NOUN: "kˈɑːntɛnt", ADJECTIVE: "kəntˈɛnt", VERB: "kəntˈɛnt", PAST: "kəntˈɛnt"},
    "contest": _noun_and_verb("kˈɑːntɛst", "kəntˈɛst"),
    "contract": _noun_and_verb("kˈɑːntɹækt", "kəntɹˈækt"),
    "contrast": _noun_and_verb("kˈɑːntɹæst", "kəntɹˈæst"),
    "convert": _noun_and_verb("kˈɑːnvɜːt", "kənvˈɜːt"),
    "convict": _noun_and_verb("kˈɑːnvɪkt", "kənvˈɪkt"),
    "decrease": _noun_and_verb("dˈiːkɹiːs", "dᵻkɹˈiːs"),
    "delegate": _noun_and_verb("dˈɛlɪɡət", "dˈɛlɪɡˌeɪt"),
    "deliberate": _noun_and_verb("dᵻlˈɪbɚɹət", "dᵻlˈɪbɚɹˌeɪt"),
    "desert": _noun_and_verb("dˈɛzɚt", "dᵻzˈɜːt"),
    "digest": _noun_and_verb("dˈaɪdʒɛst", "daɪdʒˈɛst"),
    "discount": _noun_and_verb("dˈɪskaʊnt", "dɪskˈaʊnt"),
    "dove": _noun_and_verb("dˈʌv", "dˈoʊv"),
    "duplicate": _noun_and_verb("dˈuːplᵻkət", "dˈuːplᵻkˌeɪt"),
    "elaborate": _noun_and_verb("ɪlˈæbɚɹət", "ɪlˈæbɚɹˌeɪt"),
    "escort": _noun_and_verb("ˈɛskɔːɹt", "ɛskˈɔːɹt"),
    "estimate": _noun_and_verb("ˈɛstᵻmət", "ˈɛstᵻmˌeɪt"),
    "excuse": _noun_and_verb("ɛkskjˈuːs", "ɛkskjˈuːz"),
    "export": _noun_and_verb("ˈɛkspoːɹt", "ɛkspˈoːɹt"),
    "extract": _noun_and_verb("ˈɛkstɹækt", "ɛkstɹˈækt"),
    "graduate": _noun_and_verb("ɡɹˈædʒuːət", "ɡɹˈædʒuːˌeɪt"),
    "house": _noun_and_verb("hˈaʊs", "hˈaʊz"),
    "import": _noun_and_verb("ˈɪmpoːɹt", "ɪmpˈoːɹt"),
    "increase": _noun_and_verb("ˈɪnkɹiːs", "ɪnkɹˈiːs"),
    "insult": _noun_and_verb("ˈɪnsʌlt", "ɪnsˈʌlt"),
    "intimate": _noun_and_verb("ˈɪntᵻmət", "ˈɪntᵻmˌeɪt"),
    "invalid": {NOUN: "ˈɪnvəlɪd", ADJECTIVE: "ɪnvˈælɪd"},
    "lead": _noun_and_verb("lˈiːd", "lˈiːd"),
    "live": {ADJECTIVE: "lˈaɪv", VERB: "lˈɪv", PAST: "lˈɪv", NOUN: "lˈaɪv"},
    "minute": {NOUN: "mˈɪnɪt", ADJECTIVE: "maɪnˈuːt"},
    "moderate": _noun_and_verb("mˈɑːdɚɹət", "mˈɑːdɚɹˌeɪt"),
    "object": _noun_and_verb("ˈɑːbdʒɛkt", "ɑːbdʒˈɛkt"),
    "perfect": _noun_and_verb("pˈɜːfɛkt", "pɚfˈɛkt"),
    "permit": _noun_and_verb("pˈɜːmɪt", "pɚmˈɪt"),
    "present": _noun_and_verb("pɹˈɛzənt", "pɹᵻzˈɛnt"),
    "produce": _noun_and_verb("pɹˈoʊduːs", "pɹədˈuːs"),
    "progress": _noun_and_verb("pɹˈɑːɡɹɛs", "pɹəɡɹˈɛs"),
    "project": _noun_and_verb("pɹˈɑːdʒɛkt", "pɹədʒˈɛkt"),
    "protest": _noun_and_verb("pɹˈoʊtɛst", "pɹətˈɛst"),
    "read": {VERB: "ɹˈiːd", NOUN: "ɹˈiːd", PAST: "ɹˈɛd", ADJECTIVE: "ɹˈɛd"},
    "rebel": _noun_and_verb("ɹˈɛbəl", "ɹᵻbˈɛl"),
    "record": _noun_and_verb("ɹˈɛkɚd", "ɹᵻkˈoːɹd"),
    "refund": _noun_and_verb("ɹˈiːfʌnd", "ɹᵻfˈʌnd"),
    "refuse": _noun_and_verb("ɹˈɛfjuːs", "ɹᵻfjˈuːz"),
    "reject": _noun_and_verb("ɹˈiːdʒɛkt", "ɹᵻdʒˈɛkt"),
    "separate": _noun_and_verb("sˈɛpɹət", "sˈɛpɚɹˌeɪt"),
    "subject": _noun_and_verb("sˈʌbdʒɛkt", "səbdʒˈɛkt"),
    "suspect": _noun_and_verb("sˈʌspɛkt", "səspˈɛkt"),
    "tear": _noun_and_verb("tˈɪɹ", "tˈɛɹ"),
    "transfer": _noun_and_verb("tɹˈænsfɚ", "tɹænsfˈɜː"),
    "transport": _noun_and_verb("tɹˈænspoːɹt", "tɹænspˈoːɹt"),
    "upset": _noun_and_verb("ˈʌpsɛt", "ʌpsˈɛt") | {ADJECTIVE: "ʌpsˈɛt"},
    "use": _noun_and_verb("jˈuːs", "jˈuːz"),
    "wind": {NOUN: "wˈɪnd", VERB: "wˈaɪnd", PAST: "wˈaɪnd"},
    "wound": {NOUN: "wˈuːnd", VERB: "wˈuːnd", PAST: "wˈaʊnd"},
}
