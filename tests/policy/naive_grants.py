"""Whom the grants on a key give a request to, plainly, out of the dicts that json.loads() makes of grants.

Every function names what it follows:

KMS    the AWS KMS Developer Guide, by the title of the section
ours   a choice that it leaves, as written down in docs/grants.md or docs/decisions/0035, 0037

A request may have `grants`, those on its key (of kms:RetireGrant: the one that is to be retired): dicts of `grantee` and
`retiring` (ARNs; None), `operations`, and `constraints`: {"equals": pairs}, {"subset": pairs} or {}. Of kms:CreateGrant
it may have `creates`, the `operations` and `constraints` of what is to be created.
"""


def given_to(request):
    """The principals that some grant gives it to. (KMS: Grants in AWS KMS)"""
    return [principal for grant in request.get("grants", []) for principal in given_by(grant, request)]


def given_by(grant, request):
    """The retiring principal may retire the grant, whatever its operations are. (KMS: Retiring and revoking grants)"""
    operation = request["action"].removeprefix("kms:")
    given = []
    if operation in grant["operations"] and is_within(grant, operation, request):
        given.append(grant["grantee"])
    if operation == "RetireGrant" and grant["retiring"]:
        given.append(grant["retiring"])
    return given


def is_within(grant, operation, request):
    """A constraint does not apply to DescribeKey and RetireGrant; CreateGrant is for grants that allow no more than this
    one. (KMS: Using grant constraints; Granting CreateGrant permission)"""
    if operation in ("DescribeKey", "RetireGrant"):
        return True
    if operation == "CreateGrant":
        return "creates" in request and is_at_most(request["creates"], grant)
    return meets(dict(request["context"]), grant["constraints"])


def meets(context, constraints):
    """An exact, case-sensitive match, in any order. (KMS: Using grant constraints; ours: 0037)"""
    if "equals" in constraints:
        return context == dict(constraints["equals"])
    return all(context.get(name) == value for name, value in constraints.get("subset", []))


def is_at_most(child, parent):
    """Some or all of its operations, under a constraint at least as strict. (KMS: Granting CreateGrant permission)"""
    return set(child["operations"]) <= set(parent["operations"]) and all(
        meets(context, parent["constraints"]) for context in samples(child["constraints"])
    )


def samples(constraints):
    """Encryption contexts that meet a constraint, and that all meet another only if every one that meets the first does."""
    pairs = dict(constraints.get("equals", constraints.get("subset", [])))
    return [pairs] if "equals" in constraints else [pairs, {**pairs, "something": "else"}]
