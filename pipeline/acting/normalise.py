"""Addresses and names as ad platforms want them before they are hashed; docs/audiences.md.

Each function takes text without blanks at its ends and gives "" for what cannot be used.
Letters of any script are kept: only case, blanks and punctuation change.
"""

import hashlib
import re
import unicodedata

US_STATE = re.compile(r"[a-z]{2}")
COMMON = {"uk": "gb", "el": "gr"}
"""Codes that many write for a country, and the ISO one that phones and platforms go by."""


def clean(value: object) -> str:
    """A cell of a shop's export: no blanks around it, and no leading apostrophe.

    >>> clean(" '00123 "), clean(None)
    ('00123', '')
    """
    if value is None or value != value:
        return ""
    return str(value).strip().removeprefix("'").strip()


def email(value: str) -> str:
    """Lower case, no blanks at all; "" without something around one @.

    >>> email("Anna.Smith @Example.ORG"), email("nobody")
    ('anna.smith@example.org', '')
    """
    text = re.sub(r"\s", "", value).lower()
    return text if re.fullmatch(r"[^@]+@[^@]+\.[^@.]+", text) else ""


def phone(value: str, country: str) -> str:
    """E.164, with a plus; `country` (two letters) tells a national number's code.

    >>> phone("020 7031 3000", "GB"), phone("+1 (650) 253-0000", ""), phone("12", "GB")
    ('+442070313000', '+16502530000', '')
    """
    import phonenumbers  # a second that other commands need not pay

    text = re.sub(r"^00", "+", value)
    try:
        number = phonenumbers.parse(text, country.upper() or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def has_phones(nation: str) -> bool:
    """Whether a country's code is one by which phones can be read.

    >>> has_phones("UK"), has_phones("xx")
    (True, False)
    """
    import phonenumbers

    return country(nation).upper() in phonenumbers.SUPPORTED_REGIONS


def digits(value: str) -> str:
    """A phone in E.164 without its plus.

    >>> digits("+442070313000")
    '442070313000'
    """
    return value.removeprefix("+")


def without_spaces(value: str) -> str:
    """Lower case, all blanks out.

    >>> without_spaces("Anna Maria"), without_spaces("Анна Мария")
    ('annamaria', 'аннамария')
    """
    return re.sub(r"\s", "", value).lower()


def without_punctuation(value: str) -> str:
    """Lower case, no punctuation.

    >>> [without_punctuation(name) for name in ("O'Neill-Smith", "Müller", "王")]
    ['oneillsmith', 'müller', '王']
    """
    kept = (letter for letter in value.lower() if not unicodedata.category(letter).startswith("P"))
    return "".join(kept).strip()


def letters(value: str) -> str:
    """Lower case, letters only.

    >>> letters("St. Louis 2"), letters("São Paulo"), letters("नई दिल्ली")
    ('stlouis', 'sãopaulo', 'नईदिल्ली')
    """
    # Marks are parts of letters in many scripts.
    return "".join(one for one in value.lower() if unicodedata.category(one)[0] in "LM")


def country(value: str) -> str:
    """Two letters, lower case; "" for a name.

    >>> country("GB"), country("UK"), country("Germany")
    ('gb', 'gb', '')
    """
    code = value.lower() if re.fullmatch(r"[A-Za-z]{2}", value) else ""
    return COMMON.get(code, code)


def state(value: str, nation: str) -> str:
    """Two letters in the US, else lower case without blanks or punctuation.

    >>> state("CA", "us"), state("California", "us"), state("New South Wales", "au")
    ('ca', '', 'newsouthwales')
    """
    text = without_spaces(without_punctuation(value))
    return text if nation != "us" or US_STATE.fullmatch(text) else ""


def postcode(value: str, nation: str) -> str:
    """Lower case without blanks: five digits in the US, the outward code in the UK.

    >>> postcode("94035-1234", "us"), postcode("SW1A 1AA", "gb"), postcode("K1A 0B1", "ca")
    ('94035', 'sw1a', 'k1a0b1')
    """
    text = without_spaces(value)
    if nation == "us":
        return text[:5] if re.match(r"\d{5}", text) else ""
    if nation == "gb":
        found = re.fullmatch(r"([a-z]{1,2}\d[a-z\d]?)(\d[a-z]{2})?", text)
        return found[1] if found else ""
    return text


def sha256(value: str) -> str:
    """64 hex digits; of nothing, nothing.

    >>> sha256("test@example.com")[:12], sha256("")
    ('973dfe463ec8', '')
    """
    return hashlib.sha256(value.encode()).hexdigest() if value else ""
