"""What somebody may do: policies of the identity, a boundary, and those of sessions. Each of them has to allow it.

AWS's order: an explicit Deny anywhere ends it; then each layer that is there has to allow, the identity's first.
"""

from dataclasses import dataclass, replace

from mail_archive_local.identity.policies import IamRequest, Policy

SESSION_LAYERS = 3
"""How many times a session can be narrowed."""


@dataclass(frozen=True)
class Layer:
    """Policies of one kind: together they allow what any of them allows and none denies."""

    kind: str
    policies: tuple[Policy, ...]

    def effects(self, asked: IamRequest) -> set[str | None]:
        return {policy.effect(asked) for policy in self.policies}


@dataclass(frozen=True)
class Rights:
    """All layers that apply to a caller."""

    layers: tuple[Layer, ...]

    @classmethod
    def of(cls, identity: tuple[Policy, ...], boundary: Policy | None = None) -> "Rights":
        own = Layer("identity-based policy", identity)
        if boundary is None:
            return cls((own,))
        return cls((own, Layer("permissions boundary", (boundary,))))

    def narrowed(self, policy: Policy) -> "Rights":
        """The same within a session policy."""
        return replace(self, layers=(*self.layers, Layer("session policy", (policy,))))

    def beside_identity(self) -> "Rights":
        """What limits the identity's own policies, without them: somebody else's policy has allowed it."""
        return Rights(self.layers[1:])

    def refusal(self, asked: IamRequest) -> str | None:
        """Why it is not allowed, in AWS's words; None: it is."""
        effects = [(layer.kind, layer.effects(asked)) for layer in self.layers]
        for kind, found in effects:
            if "Deny" in found:
                return f"with an explicit deny in {_a(kind)}"
        for kind, found in effects:
            if "Allow" not in found:
                return f"because no {kind} allows the {asked.action} action"
        return None

    def denies(self, asked: IamRequest) -> bool:
        """Whether a policy says Deny, which nothing overrules."""
        return any("Deny" in layer.effects(asked) for layer in self.layers)


def _a(kind: str) -> str:
    if kind[0] in "aeiou":
        return f"an {kind}"
    return f"a {kind}"
