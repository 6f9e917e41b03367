"""Changes one thing of a case's policies or of a request, at random, and names it: where a verdict flips by that, the thing
mattered."""

import copy
import json
import re

import random_grants
from random_facts import KIND_OF_KEY, KINDS
from random_policies import listed


def changed(case, random):
    """The names of what was changed, and the case without it."""
    case = {**case, **copy.deepcopy({kind: case[kind] for kind in ("key", "identity", "boundary", "session")})}
    policies = [policy for policy in [case["key"], *case["identity"], *case["boundary"], *case["session"]] if policy]
    if not policies or random.random() < 0.05:
        return change_policies(case, random)
    policy = random.choice(policies)
    if random.random() < 0.05:
        policy["Version"] = "2008-10-17" if policy.get("Version") == "2012-10-17" else "2012-10-17"
        return ["Version"], case
    if random.random() < 0.1 and "${aws:" in json.dumps(policy):
        return change_variables(policy, random), case
    statements = listed(policy)
    statement = random.choice([one for one in statements if "Condition" in one and random.random() < 0.7] or statements)
    if "Condition" in statement and random.random() < 0.85:
        return change_condition(statement["Condition"], random), case
    return change_element(statement, random), case


def change_policies(case, random):
    kind = random.choice(["identity", "boundary", "session"])
    case[kind] = []
    return [f"{kind} policies"], case


def change_variables(policy, random):
    """Those of facts and of the caller lose their defaults, or their values."""
    name, pattern, instead = random.choice([("defaults of variables", r", '[^']*'\}", "}"), ("variables", r"(?<=\$\{)aws:", "no:")])
    policy["Statement"] = json.loads(re.sub(pattern, instead, json.dumps(policy["Statement"])))
    return [name]


def change_condition(conditions, random):
    """Without a condition, or with one without its …IfExists or its quantifier."""
    operator = random.choice(list(conditions))
    quantifier, name, if_exists = re.fullmatch(r"(For\w+Values?:)?(\w+?)(IfExists)?", operator).groups()
    key = random.choice(list(conditions[operator]))
    way = random.random()
    values = conditions[operator].pop(key)
    if if_exists and way < 0.3:
        conditions.setdefault(operator.removesuffix("IfExists"), {})[key] = values
        return ["IfExists"]
    if quantifier and way < 0.6:
        conditions.setdefault(operator.removeprefix(quantifier), {})[key] = values
        return [quantifier]
    return [name, f"conditions on {KIND_OF_KEY.get(key.lower(), 'others')}"]


def change_element(statement, random):
    """A list that says nothing, or that says the opposite."""
    name = random.choice([name for name in statement if name != "Condition"])
    value = statement.pop(name)
    if name == "Effect":
        statement["Effect"] = "Deny" if value == "Allow" else "Allow"
        return [f"Effect {value}"]
    statement[name.removeprefix("Not")] = value if name.startswith("Not") else "*"
    return [name]


def changed_request(request, random):
    """The name of what was changed, and the request without it; None: there is nothing to change."""
    if "grants" in request and random.random() < 0.5:
        return change_grants(request, random)
    if not request["facts"]:
        return None
    gone = random.choice(list(request["facts"]))
    kept = {key: values for key, values in request["facts"].items() if key != gone}
    return f"facts: {KIND_OF_KEY[gone.lower()]}", {**request, "facts": kept}


def change_grants(request, random):
    if "creates" in request and random.random() < 0.5:
        return change_child(request, random)
    at = random.randrange(len(request["grants"]))
    grant = request["grants"][at]
    name, changes = random.choice([change_constraint, change_other])(grant, request, random)
    instead = [] if changes is None else [{**grant, **changes}]
    return name, {**request, "grants": request["grants"][:at] + instead + request["grants"][at + 1 :]}


def change_other(grant, request, random):
    """Somebody else's grant, or of other operations, or none."""
    return random.choice([
        ("a grant", None),
        ("the grantee", {"grantee": request["arn"]}),
        ("operations of a grant", {"operations": random_grants.USES}),
        ("the retiring principal", {"retiring": None if grant["retiring"] else request["arn"]}),
    ])


def change_constraint(grant, request, random):
    """None, or of the other kind, or a constraint that is the request's context as soon as case is not looked at."""
    if not grant["constraints"]:
        return "no constraint", {"constraints": {"equals": [["no", "such"]]}}
    kind, pairs = next(iter(grant["constraints"].items()))
    if random.random() < 0.3:
        return "the kind of a constraint", {"constraints": {"subset" if kind == "equals" else "equals": pairs}}
    if random.random() < 0.5:
        spelled = {(name.lower(), value.lower()): [name, value] for name, value in request["context"]}
        alike = [spelled.get((name.lower(), value.lower()), [name, value]) for name, value in pairs]
        return "case in a constraint", {"constraints": {kind: alike}}
    return f"a constraint of {kind}", {"constraints": {}}


def change_child(request, random):
    """What is created gets less operations, or its parent's constraint, or none; or nothing is said of it."""
    parent = random.choice(request["grants"])
    name, changes = random.choice([
        ("operations of a child", {"operations": parent["operations"]}),
        ("the constraint of a child", {"constraints": parent["constraints"]}),
        ("no constraint of a child", {"constraints": {}}),
        ("a child", None),
    ])
    if changes is None:
        return name, {key: value for key, value in request.items() if key != "creates"}
    return name, {**request, "creates": {**request["creates"], **changes}}


EVERYTHING = [
    "identity policies", "boundary policies", "session policies", "Version", "variables", "defaults of variables", "IfExists",
    "ForAllValues:", "ForAnyValue:", "Effect Allow", "Effect Deny", "Principal", "NotPrincipal", "Action", "NotAction", "Resource",
    "NotResource", "conditions on others", *(f"conditions on {name}" for name in KINDS),
    *(f"facts: {name}" for name, kind in KINDS.items() if kind.values),
    "a grant", "the grantee", "operations of a grant", "the retiring principal", "no constraint", "the kind of a constraint",
    "case in a constraint", "a constraint of equals", "a constraint of subset", "operations of a child", "the constraint of a child",
    "no constraint of a child", "a child",
]
