"""Changes one thing of a case's policies, at random, and names it: where a verdict flips by that, the thing mattered."""

import copy
import re

from random_policies import listed


def changed(case, random):
    """The name of what was changed, and the case without it."""
    case = copy.deepcopy(case)
    policies = [policy for policy in [case["key"], *case["identity"], *case["boundary"], *case["session"]] if policy]
    if not policies or random.random() < 0.05:
        return change_policies(case, random)
    policy = random.choice(policies)
    if random.random() < 0.05:
        policy["Version"] = "2008-10-17" if policy.get("Version") == "2012-10-17" else "2012-10-17"
        return "Version", case
    statement = random.choice(listed(policy))
    if "Condition" in statement and random.random() < 0.8:
        return change_condition(statement["Condition"], random), case
    return change_element(statement, random), case


def change_policies(case, random):
    kind = random.choice(["identity", "boundary", "session"])
    case[kind] = []
    return f"{kind} policies", case


def change_condition(conditions, random):
    """Without a condition, or with one without its …IfExists or its quantifier."""
    operator = random.choice(list(conditions))
    keys = conditions.pop(operator)
    quantifier, name, if_exists = re.fullmatch(r"(For\w+Values?:)?(\w+?)(IfExists)?", operator).groups()
    way = random.random()
    if if_exists and way < 0.3:
        conditions.setdefault(operator.removesuffix("IfExists"), keys)
        return "IfExists"
    if quantifier and way < 0.6:
        conditions.setdefault(operator.removeprefix(quantifier), keys)
        return quantifier
    return name


def change_element(statement, random):
    """A list that says nothing, or that says the opposite."""
    name = random.choice([name for name in statement if name != "Condition"])
    value = statement.pop(name)
    if name == "Effect":
        statement["Effect"] = "Deny" if value == "Allow" else "Allow"
        return f"Effect {value}"
    statement[name.removeprefix("Not")] = value if name.startswith("Not") else "*"
    return name


EVERYTHING = {"identity policies", "boundary policies", "session policies", "Version", "IfExists", "ForAllValues:", "ForAnyValue:",
              "Effect Allow", "Effect Deny", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource"}
