"""The smallest case that still has a property: deletes what it can."""

REQUEST = ("arn", "account", "type", "role", "action", "resource", "resource_account")
GRANT = ("id", "grantee", "retiring", "operations", "constraints")
KEPT = {*REQUEST, *GRANT, "context", "key", "identity", "boundary", "session", "requests", "Effect", "Statement"}
PAIRS = ("context", "equals", "subset")


def smaller(value, name=""):
    """Each with one thing less."""
    if isinstance(value, dict):
        for key in value:
            if key not in KEPT:
                yield {k: v for k, v in value.items() if k != key}
        for key in value:
            for less in smaller(value[key], key):
                yield {**value, key: less}
    elif isinstance(value, list):
        fewest = 0 if name in ("context", "identity", "boundary", "session") else 1
        for i in range(len(value)):
            if len(value) > fewest:
                yield value[:i] + value[i + 1 :]
        if name not in PAIRS:
            for i, one in enumerate(value):
                for less in smaller(one):
                    yield value[:i] + [less] + value[i + 1 :]


def shrunk(case, has_property):
    found = True
    while found:
        found = next((less for less in smaller(case) if has_property(less)), None)
        case = found or case
    return case
