"""What condition operators compare, read and compared the plain way. Every function names what it follows:

IAM    the IAM User Guide, by the title of the section
ours   a rule written down in src/keyfold/kms/policy/*.h or docs/decisions/0017
"""

import base64
import functools
import ipaddress
import math
import re
from datetime import datetime, timedelta, timezone

ANY_RUN = object()  # *
ANY_ONE = object()  # ?
EVERY_FIELD = [ANY_RUN]


@functools.lru_cache(maxsize=10_000)
def lower(text):
    """Case is ignored of ASCII letters only. (ours: letter_case.h)"""
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)


def wildcard_match(pattern, text, ignore_case=False):
    """`*` is any combination of characters, `?` any single one. (IAM: Elements: Resource; String condition operators)

    `pattern` is a list of characters, ANY_RUN and ANY_ONE."""
    if ignore_case:
        pattern, text = [lower(p) if isinstance(p, str) else p for p in pattern], lower(text)
    reached = {0}  # How much of the text may have been read so far.
    for wanted in pattern:
        if wanted is ANY_RUN:
            reached = set(range(min(reached), len(text) + 1))
        elif wanted is ANY_ONE:
            reached = {at + 1 for at in reached if at < len(text)}
        else:
            reached = {at + 1 for at in reached if at < len(text) and text[at] == wanted}
        if not reached:
            return False
    return len(text) in reached


@functools.lru_cache(maxsize=10_000)
def arn_fields(text):
    """The six fields of an ARN; colons of a policy variable separate nothing. (IAM: IAM ARNs)"""
    fields, inside = [""], False
    for i, c in enumerate(text):
        inside = text.startswith("${", i) or inside and c != "}"
        if c == ":" and not inside and len(fields) < 6:
            fields.append("")
        else:
            fields[-1] += c
    return tuple(fields)


def read_number(text):
    """An integer or a decimal value. (IAM: Numeric condition operators)"""
    if not re.fullmatch(r"-?\d+(\.\d+)?", text, re.ASCII):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def read_date(text):
    """One of W3C's forms of ISO 8601, or seconds since 1970. (IAM: Date condition operators)

    No time is midnight, no zone UTC; milliseconds. (ours: condition_values.h)"""
    if re.fullmatch(r"\d+", text, re.ASCII):
        return int(text) * 1000
    found = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?", text, re.ASCII)
    if not found:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        at = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=timezone.utc)
    except ValueError:
        return None
    if zone and zone != "Z":
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
        at = at - offset if zone[0] == "+" else at + offset
    since = at - datetime(1970, 1, 1, tzinfo=timezone.utc)
    return since // timedelta(milliseconds=1) + int(float(fraction or 0) * 1000)


def read_truth(text):
    """(IAM: Boolean condition operators) In any case. (ours: condition_values.h)"""
    return {"true": True, "false": False}.get(lower(text))


def read_base64(text):
    """(IAM: Binary condition operators)"""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None


def read_range(text):
    """CIDR; without a prefix, one address. (IAM: IP address condition operators) IPv4 mapped into IPv6. (ours: condition.h)"""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    if network.version == 6:
        return network
    return ipaddress.ip_network(f"::ffff:{network.network_address}/{96 + network.prefixlen}")


def in_range(text, wanted):
    """Whether the text is an address in the range."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return read_range(text).subnet_of(wanted)


def ordered(name, value, wanted):
    """What Numeric… and Date… end with."""
    return {
        "Equals": value == wanted,
        "LessThan": value < wanted,
        "LessThanEquals": value <= wanted,
        "GreaterThan": value > wanted,
        "GreaterThanEquals": value >= wanted,
    }[name]
