"""Who is calling: a signature's key leads to a user or a session, and that to all they may do."""

import time
from dataclasses import dataclass, replace

from mail_archive_local.api_errors import ApiError
from mail_archive_local.arns import ACCOUNT
from mail_archive_local.identity import LOOPBACK, OWNER
from mail_archive_local.identity.identities import Identities, Principal, Role, User
from mail_archive_local.identity.policies import IamRequest, read_policy
from mail_archive_local.identity.rights import Rights
from mail_archive_local.identity.sessions import NoSession, Seal, StsSession
from mail_archive_local.storage.database import KeyPair

_NOT_KNOWN = ApiError(
    "UnrecognizedClientException",
    "The access key id is not known here. `mail-archive-mcp local DIR --show-credentials` shows the folder's.",
)
_NO_TOKEN = ApiError("UnrecognizedClientException", "The security token included in the request is invalid.")
_EXPIRED = ApiError("ExpiredTokenException", "The security token included in the request is expired.")


@dataclass(frozen=True)
class Caller:
    """Somebody who signed a request. `session` is there where the credentials are temporary."""

    arn: str
    unique_id: str
    principal: User | Role
    rights: Rights
    region: str
    source_ip: str = LOOPBACK
    session: StsSession | None = None

    def for_seconds(self, seconds: float, now: float) -> StsSession:
        """The caller's session, or one that stands for the user, for so long at most; without its policies."""
        session = self.session or StsSession("user", self.principal.name, now, now + seconds)
        return replace(session, policies=[], expires=min(session.expires, now + seconds))

    def refusal(self, action: str, resource: str, more: dict[str, tuple[str, ...]] | None = None) -> str | None:
        """AWS's sentence on why the caller may not do that; None: it may. `more` are condition keys of the request."""
        why = self.rights.refusal(self.iam_request(action, resource, more))
        if why is None:
            return None
        return not_authorized(self.arn, action, resource, why)

    def iam_request(self, action: str, resource: str, more: dict[str, tuple[str, ...]] | None = None) -> IamRequest:
        """The question that policies are asked, with all that is known of the caller."""
        now = time.time()
        context: dict[str, tuple[str, ...]] = {
            "aws:currenttime": (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),),
            "aws:epochtime": (f"{now:.0f}",),
            "aws:principalaccount": (ACCOUNT,),
            "aws:principalarn": (self.principal.arn,),
            "aws:principaltype": ("AssumedRole",),
            "aws:requestedregion": (self.region,),
            "aws:sourceip": (self.source_ip,),
            "aws:userid": (self.unique_id,),
        }
        if isinstance(self.principal, User):
            context["aws:principaltype"] = ("User",)
            context["aws:username"] = (self.principal.name,)

        tags = dict(self.principal.tags)
        if self.session is not None:
            # A session's tag takes the place of its principal's.
            # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
            tags |= self.session.tags
            if self.session.source_identity:
                context["aws:sourceidentity"] = (self.session.source_identity,)
        for key, value in tags.items():
            context[f"aws:principaltag/{key.lower()}"] = (value,)

        if more is not None:
            context |= more
        return IamRequest(action, resource, context)


@dataclass(frozen=True)
class KeyRing:
    """The keys of a folder: its own, those of its users, and those of sessions."""

    owner: KeyPair
    seal: Seal
    identities: Identities
    region: str
    now: float
    source_ip: str = LOOPBACK

    def find(self, access_key_id: str, token: str | None) -> tuple[KeyPair, Caller]:
        """The key pair that a request has to be signed with, and who has it.

        Raises:
            ApiError: there is no such key, or its session is over.
        """
        if token is not None:
            return self._in_session(access_key_id, token)
        if access_key_id == self.owner.access_key_id:
            return self.owner, self.user(self.identities.users[OWNER])

        for user in self.identities.users.values():
            if user.name == OWNER:
                continue
            keys = self.seal.user_keys(user.name)
            if keys.access_key_id == access_key_id:
                return keys, self.user(user)
        raise _NOT_KNOWN

    def keys_of(self, name: str) -> KeyPair | None:
        """The key pair of a user; None where there is no such user."""
        if name == OWNER:
            return self.owner
        if name not in self.identities.users:
            return None
        return self.seal.user_keys(name)

    def user(self, user: User, session: StsSession | None = None) -> Caller:
        return Caller(user.arn, user.unique_id, user, _rights(user, session), self.region, self.source_ip, session)

    def role(self, role: Role, session: StsSession) -> Caller:
        return Caller(
            f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.name}/{session.session_name}",
            f"{role.unique_id}:{session.session_name}",
            role,
            _rights(role, session),
            self.region,
            self.source_ip,
            session,
        )

    def of_session(self, session: StsSession) -> Caller:
        """Who is calling with that session, as the identities are now.

        Raises:
            ApiError: it is over, or its user or role is gone.
        """
        if session.expires <= self.now:
            raise _EXPIRED
        if session.kind == "user" and session.name in self.identities.users:
            return self.user(self.identities.users[session.name], session)
        if session.kind == "role" and session.name in self.identities.roles:
            return self.role(self.identities.roles[session.name], session)
        raise _NO_TOKEN

    def _in_session(self, access_key_id: str, token: str) -> tuple[KeyPair, Caller]:
        try:
            keys, session = self.seal.open(token)
        except NoSession:
            raise _NO_TOKEN from None
        if keys.access_key_id != access_key_id:
            raise _NO_TOKEN
        return keys, self.of_session(session)


def not_authorized(arn: str, action: str, resource: str, why: str) -> str:
    return f"User: {arn} is not authorized to perform: {action} on resource: {resource} {why}"


def _rights(principal: Principal, session: StsSession | None) -> Rights:
    rights = Rights.of(principal.policies, principal.boundary)
    if session is None:
        return rights

    for document in session.policies:
        rights = rights.narrowed(read_policy(document, "the session policy"))
    return rights
