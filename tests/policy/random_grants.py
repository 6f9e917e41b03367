"""Random grants for a request, made after it: most miss by little, if at all."""

USES = ["Encrypt", "Decrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo", "DescribeKey",
        "CreateGrant", "RetireGrant"]


class Grants:
    def __init__(self, random, principals):
        self.random = random
        self.principals = principals  # ARNs: users, roles, sessions, roots.

    def maybe(self, chance):
        return self.random.random() < chance

    def add_to(self, request):
        """`grants`, and of CreateGrant `creates`."""
        action = request["action"]
        count = 1 if action == "kms:RetireGrant" else self.random.choice([1, 1, 2, 3])
        request["grants"] = [self.grant(request, str(i)) for i in range(count)]
        if action == "kms:CreateGrant" and self.maybe(0.9):
            request["creates"] = self.child(self.random.choice(request["grants"]))

    def grant(self, request, name):
        return {
            "id": name,
            "grantee": self.principal(request),
            "retiring": self.principal(request) if self.maybe(0.5) else None,
            "operations": self.operations(request["action"].removeprefix("kms:")),
            "constraints": self.constraints(dict(request["context"])),
        }

    def principal(self, request):
        """The caller himself, his role or his account; or anybody."""
        if self.maybe(0.35):
            return self.random.choice(self.principals)
        return self.random.choice([request["arn"], request["role"] or request["arn"], f"arn:aws:iam::{request['account']}:root"])

    def operations(self, wanted):
        some = set(self.random.sample(USES, self.random.choice([1, 2, 3, 5])))
        if wanted in USES and self.maybe(0.75):
            some.add(wanted)
        return sorted(some)

    def constraints(self, context):
        """None, or one that the context meets, or one that it nearly meets."""
        if self.maybe(0.35):
            return {}
        if self.maybe(0.55):
            return self.kind_of(dict(list(context.items())[:8]))
        return self.kind_of(dict(self.random.sample(list(context.items()), min(2, len(context)))))

    def kind_of(self, pairs):
        if self.maybe(0.35):
            pairs = self.altered(pairs)
        listed = list(pairs.items())
        self.random.shuffle(listed)
        return {self.random.choice(["equals", "subset"]): [list(pair) for pair in listed]} if listed else {}

    def altered(self, pairs):
        """One pair less, or more, or in another case, or of another value."""
        if not pairs or self.maybe(0.25):
            return {**pairs, self.random.choice(["team", "who", "Team"]): self.random.choice(["red", "alice"])}
        name = self.random.choice(list(pairs))
        rest = {key: value for key, value in pairs.items() if key != name}
        pair = self.random.choice([{}, {name.swapcase(): pairs[name]}, {name: pairs[name].swapcase()}, {name: "red"}])
        return {**rest, **pair}

    def child(self, parent):
        """Of a grant: as much, less, or too much."""
        operations = self.random.sample(parent["operations"], self.random.randint(1, len(parent["operations"])))
        if self.maybe(0.2):
            operations = sorted({*operations, self.random.choice(USES)})
        return {"operations": operations, "constraints": self.child_constraints(parent["constraints"])}

    def child_constraints(self, constraints):
        if not constraints or self.maybe(0.1):
            return self.kind_of({"team": "red"}) if self.maybe(0.3) else {}
        if self.maybe(0.4):
            return constraints
        return self.kind_of(dict(next(iter(constraints.values()))) | ({"more": "pairs"} if self.maybe(0.4) else {}))
