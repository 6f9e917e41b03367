"""Decides as AWS documents it, a second time: plainly and slowly, out of the dicts that json.loads() makes of policies.

It was written from AWS's documentation and knows nothing of how src/keyfold/kms/policy does it; that is its use. Every
function names what it follows:

IAM    the IAM User Guide, by the title of the section
KMS    the AWS KMS Developer Guide, likewise
ours   a choice that these leave, as written down in src/keyfold/kms/policy/*.h or docs/decisions/0017

Policies are taken to be well-formed. A request is a dict: `arn`, `account` and `type` ("root", "user", "role_session")
of who calls, `role` (of a session: the role's ARN), `action`, `resource`, `resource_account`, and `context`, a list of
pairs: the encryption context. It may have `facts`, a dict of what else it has for condition keys, each a list of values;
and `grants` and `creates`: see naive_grants.
"""

import functools
import re

import naive_grants
from naive_values import (
    ANY_ONE, ANY_RUN, EVERY_FIELD, arn_fields, in_range, lower, ordered, read_base64, read_date, read_number, read_range, read_truth,
    wildcard_match,
)


def decide(key_policy, identity_policies, boundary_policies, session_policies, request):
    """"allow" or "deny". No key policy: the request is not about a key."""
    return decide_and_say(key_policy, identity_policies, boundary_policies, session_policies, request)[0]


def decide_and_say(key_policy, identity_policies, boundary_policies, session_policies, request):
    """The verdict, and the rule that it came by. (IAM: Policy evaluation logic; KMS: Key policies)

    An explicit Deny wins over grants, too. (KMS: kms:EncryptionAlgorithm: "takes precedence over all grants")"""
    granted = ways_listed({"AWS": naive_grants.given_to(request)}, request)
    despite = ", although granted" if granted else ""
    for kind, policies in (("identity", identity_policies), ("boundary", boundary_policies), ("session", session_policies)):
        if any(has_statement("Deny", policy, request) for policy in policies):
            return "deny", f"explicit deny in {kind} policy{despite}"
    if key_policy is None:
        return decide_without_key(identity_policies, boundary_policies, session_policies, request)
    if key_policy_denies(key_policy, request):
        return "deny", f"explicit deny in key policy{despite}"
    verdict, why = decide_by_key_policy(key_policy, identity_policies, boundary_policies, session_policies, request)
    if verdict == "deny" and granted:
        return decide_by_grants(granted, identity_policies, boundary_policies, session_policies, request)
    return verdict, why


def decide_by_key_policy(key_policy, identity_policies, boundary_policies, session_policies, request):
    """(IAM: Cross-account policy evaluation logic; KMS: Allowing users in other accounts to use a KMS key)"""
    named = ways_to_be_allowed(key_policy, request)
    if not named:
        return "deny", "the key policy names nobody that the caller is"
    if request["account"] != request["resource_account"]:
        verdict, why = what_caller_may(identity_policies, boundary_policies, session_policies, request)
        return verdict, f"cross account: {why}"
    return decide_within_account(named, identity_policies, boundary_policies, session_policies, request)


def decide_by_grants(granted, identity_policies, boundary_policies, session_policies, request):
    """As a key policy's Allow within the account, and enough for other accounts, too. (ours: docs/grants.md)"""
    verdict, why = decide_within_account(granted, identity_policies, boundary_policies, session_policies, request)
    abroad = " cross account" if request["account"] != request["resource_account"] else ""
    return verdict, f"granted{abroad}: {why}"


def decide_within_account(named, identity_policies, boundary_policies, session_policies, request):
    """(IAM: Determining whether a request is allowed or denied within an account; KMS: Allows access to the AWS account)

    A user's or a session's own ARN is not limited by boundaries and session policies; a role's ARN and "*" are (ours)."""
    if "own" in named:
        return "allow", "named by own ARN"
    limit = what_limits(boundary_policies, session_policies, request)
    direct = [way for way in ("role", "everyone", "not listed") if way in named]
    if direct and limit is None:
        return "allow", f"named by {direct[0]}"
    if "account" not in named:
        return "deny", f"named by {direct[0]}: {limit}"
    verdict, why = what_caller_may(identity_policies, boundary_policies, session_policies, request)
    return verdict, f"delegated: {why}"


def decide_without_key(identity_policies, boundary_policies, session_policies, request):
    """Of what has no key: by identity policies alone, within the own account. (ours: authorizer.h, 5)"""
    if request["account"] != request["resource_account"]:
        return "deny", "no key: another account's"
    verdict, why = what_caller_may(identity_policies, boundary_policies, session_policies, request)
    return verdict, f"no key: {why}"


def what_caller_may(identity_policies, boundary_policies, session_policies, request):
    """The identity policies' part. (IAM: Evaluating identity-based policies with permissions boundaries; Session policies;
    Cross-account policy evaluation logic) The root user has full access. (IAM: Policy evaluation logic)"""
    if request["type"] == "root":
        return "allow", "root"
    if not any(has_statement("Allow", policy, request) for policy in identity_policies):
        return "deny", "no identity policy allows"
    limit = what_limits(boundary_policies, session_policies, request)
    return ("deny", limit) if limit else ("allow", "an identity policy allows")


def what_limits(boundary_policies, session_policies, request):
    """None: nothing. (IAM: Permissions boundaries; Session policies: each is a maximum, where there is such a policy)"""
    for kind, policies in (("boundary", boundary_policies), ("session policy", session_policies)):
        if policies and not any(has_statement("Allow", policy, request) for policy in policies):
            return f"no {kind} allows"
    return None


# Statements


def statements(policy):
    """An object or an array of them. (IAM: Elements: Statement)"""
    found = policy["Statement"]
    return found if isinstance(found, list) else [found]


def has_statement(effect, policy, request):
    """Whether some statement of this effect applies, of a policy without principals."""
    return any(s["Effect"] == effect and applies(s, policy, request) for s in statements(policy))


def key_policy_denies(policy, request):
    """(IAM: The difference between explicit and implicit denies)"""
    return any(s["Effect"] == "Deny" and is_denied(s, request) and applies(s, policy, request) for s in statements(policy))


def ways_to_be_allowed(policy, request):
    """How Allow statements of a key policy that apply name the caller."""
    ways = set()
    for statement in statements(policy):
        if statement["Effect"] == "Allow" and applies(statement, policy, request):
            ways |= ways_named(statement, request)
    return ways


def applies(statement, policy, request):
    """Whether action, resource and conditions do. Without Action or Resource: never. (ours: document.h)"""
    return (
        action_matches(statement, request)
        and resource_matches(statement, policy, request)
        and all(
            condition_holds(operator, key, texts(values), statement["Effect"], has_variables(policy), request)
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        )
    )


def texts(values):
    """A value or an array of values; truth values and numbers as text. (IAM: Grammar of the IAM JSON policy language)"""
    return [str(v).lower() if isinstance(v, bool) else str(v) for v in (values if isinstance(values, list) else [values])]


def has_variables(policy):
    """The older version, which is also the default, has none. (IAM: Elements: Version)"""
    return policy.get("Version") == "2012-10-17"


# Who


def listed_principals(element):
    """"*", {"AWS": …}, and others that are nobody here. (IAM: Elements: Principal)"""
    if element == "*":
        return ["*"]
    return texts(element.get("AWS", []))


def account_of_pattern(principal):
    """An account's root ARN is the same as its id. (IAM: Elements: Principal, "AWS account principals")"""
    fields = arn_fields(principal)
    return fields[4] if len(fields) == 6 and fields[5] == "root" else principal


def ways_listed(element, request):
    """In which of these ways a list of principals names the caller."""
    ways = set()
    for principal in listed_principals(element):
        if principal == "*":
            ways.add("everyone")
        if account_of_pattern(principal) == request["account"]:
            ways.add("account")
        if principal == request["arn"] and request["type"] != "root":
            ways.add("own")
        if request["type"] == "role_session" and principal == request["role"]:
            ways.add("role")
    return ways


def ways_named(statement, request):
    """Who an Allow is for. Of NotPrincipal: all but whoever is listed in any of these ways. (ours: 0017)"""
    if "Principal" in statement:
        return ways_listed(statement["Principal"], request)
    return set() if ways_listed(statement["NotPrincipal"], request) else {"not listed"}


def is_denied(statement, request):
    """Who a Deny is for. (IAM: Elements: NotPrincipal, "Specifying NotPrincipal with Deny")

    It spares a principal only when itself, its role and its account are all listed. (ours: 0017)"""
    if "Principal" in statement:
        return bool(ways_listed(statement["Principal"], request))
    needed = {"root": {"account"}, "user": {"own", "account"}, "role_session": {"own", "role", "account"}}[request["type"]]
    ways = ways_listed(statement["NotPrincipal"], request)
    return not (needed <= ways or "everyone" in ways)


# What, and on what


def action_matches(statement, request):
    """Case is ignored. (IAM: Elements: Action, NotAction)"""
    name = "Action" if "Action" in statement else "NotAction"
    if name not in statement:
        return False
    listed = any(
        wildcard_match(expand(pattern, False, True, request), request["action"], ignore_case=True) for pattern in texts(statement[name])
    )
    return listed == (name == "Action")


def resource_matches(statement, policy, request):
    """(IAM: Elements: Resource, NotResource; KMS: Key policies: "*" is the key that the policy belongs to)"""
    name = "Resource" if "Resource" in statement else "NotResource"
    if name not in statement:
        return False
    patterns, variables = texts(statement[name]), has_variables(policy)
    if name == "NotResource" and statement["Effect"] == "Allow" and any(lacks_value(p, variables, request) for p in patterns):
        return False
    listed = any(arn_matches(pattern, request["resource"], variables, request) for pattern in patterns)
    return listed == (name == "Resource")


def arn_matches(pattern, text, variables, request):
    """Field by field, missing fields are "*". (IAM: ARN condition operators; Elements: Resource)

    What is no ARN is matched by "*" only. (ours: pattern.h)"""
    if pattern == "*":
        return True
    wanted, fields = arn_fields(pattern), text.split(":", 5)
    if len(fields) != 6 or fields[0] != "arn":
        return False
    patterns = [expand(field, variables, True, request) for field in wanted] + [EVERY_FIELD] * (6 - len(wanted))
    return all(p is not None and wildcard_match(p, f) for p, f in zip(patterns, fields))


# Policy variables


def expand(text, variables, wildcards, request):
    """Characters and wildcards. None: a variable has no value, so nothing matches. (IAM: Policy variables)"""
    if not variables or "${" not in text:
        return characters(text, wildcards)
    out = []
    for literal, inside in re.findall(r"(.*?)(?:\$\{(.*?)\}|\Z)", text, re.DOTALL):
        out.extend(characters(literal, wildcards))
        value = variable_value(inside, request) if inside else ""
        if value is None:
            return None
        out.extend(value)
    return out


@functools.lru_cache(maxsize=10_000)
def characters(text, wildcards):
    return [{"*": ANY_RUN, "?": ANY_ONE}.get(c, c) if wildcards else c for c in text]


def lacks_value(text, variables, request):
    """An Allow that leaves out what such a text names would leave out nothing. (ours: 0017)"""
    return expand(text, variables, True, request) is None


def variable_value(inside, request):
    """${key}, ${key, 'default'}, ${*}, ${?} and ${$}. (IAM: Policy variables: Special characters; Specifying default values)

    Keys of several values cannot be variables. (IAM: Single-valued vs. multivalued context keys)"""
    if inside in ("*", "?", "$"):
        return inside
    key, _, default = inside.partition(", ")
    values = [value for spelling in context_values(key, request) for value in spelling]
    if len(values) == 1:
        return values[0]
    return default[1:-1] if default else None


# Conditions


def context_values(key, request):
    """What the request has for a condition key; names are compared without case. (KMS: Condition keys; ours: known_keys.h)

    A list of lists of values: more than one of them when the encryption context or the tags have a name in several
    spellings. A key without values is not there. (ours: request.h)"""
    key = lower(key)
    if key.startswith("kms:encryptioncontext:"):
        return [[value] for name, value in request["context"] if lower(name) == key[len("kms:encryptioncontext:") :]]
    if key == "kms:encryptioncontextkeys":
        return [[name for name, _ in request["context"]]] if request["context"] else []
    if key in ("kms:calleraccount", "aws:principalaccount"):
        return [[request["account"]]]
    if key == "aws:principalarn":
        return [[request["role"] if request["type"] == "role_session" else request["arn"]]]
    if key == "aws:principaltype":
        return [[{"root": "Account", "user": "User", "role_session": "AssumedRole"}[request["type"]]]]
    if key == "aws:username":
        return [[request["arn"].split("/")[-1]]] if request["type"] == "user" else []
    if key == "aws:resourceaccount":
        return [[request["resource_account"]]]
    return [values for name, values in request.get("facts", {}).items() if lower(name) == key and values]


def condition_holds(operator, key, wanted, effect, variables, request):
    """(IAM: Condition operators, "Condition operator to check existence of condition keys")

    Of several spellings: an Allow needs all of them right, a Deny needs one. (ours: condition.h)"""
    spellings = context_values(key, request)
    if operator == "Null":
        return any(read_truth(w) == (not spellings) for w in wanted)
    quantifier, _, name = operator.rpartition(":")
    if_exists, name = name.endswith("IfExists"), name.removesuffix("IfExists")
    negated, name = split_negation(name)
    if negated and effect == "Allow" and any(lacks_value(w, variables, request) for w in wanted):
        return False
    if not spellings:
        return holds_of_absent(quantifier, negated, if_exists)
    hold = []
    for values in spellings:
        right = [any(matches(name, value, w, variables, request) for w in wanted) != negated for value in values]
        hold.append(holds_of_values(quantifier, right, effect))
    return all(hold) if effect == "Allow" else any(hold)


def holds_of_values(quantifier, right, effect):
    """(IAM: Multivalued context keys; Evaluation logic for negated matching condition operators)

    Without a quantifier: an Allow needs all of them right, a Deny needs one. (ours: condition.h)"""
    if quantifier == "ForAllValues":
        return all(right)
    if quantifier == "ForAnyValue":
        return any(right)
    return all(right) if effect == "Allow" else any(right)


def holds_of_absent(quantifier, negated, if_exists):
    """(IAM: Condition operators, "Important"; …IfExists; Multivalued context keys)"""
    if if_exists or quantifier == "ForAllValues":
        return True
    return negated and quantifier != "ForAnyValue"


def split_negation(name):
    """StringNotLike is not StringLike. (IAM: Condition operators)"""
    return ("Not" in name), name.replace("Not", "", 1)


def matches(name, value, wanted, variables, request):
    """One value of the request against one of the policy. What is not of the type matches nothing. (ours: condition.h)"""
    if name in ("StringEquals", "StringEqualsIgnoreCase", "StringLike"):
        pattern = expand(wanted, variables, name == "StringLike", request)
        return pattern is not None and wildcard_match(pattern, value, ignore_case=name == "StringEqualsIgnoreCase")
    if name in ("ArnEquals", "ArnLike"):
        return arn_matches(wanted, value, variables, request)
    if name == "IpAddress":
        return in_range(value, read_range(wanted))
    if name == "BinaryEquals":
        return read_base64(value) == read_base64(wanted)  # A text of the request that stands for bytes is base64 too. (ours)
    if name == "Bool":
        return read_truth(value) == read_truth(wanted)
    type_name, read = ("Numeric", read_number) if name.startswith("Numeric") else ("Date", read_date)
    return read(value) is not None and ordered(name.removeprefix(type_name), read(value), read(wanted))
