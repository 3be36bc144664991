"""Profiles: what an account says of itself beside its name. Who never said anything has no row."""

from __future__ import annotations

from derailed.model.user import Profile
from derailed.store import Connection

_GET = "SELECT bio, pronouns, accent_color FROM profiles WHERE user_id = $1"
_PUT = """
INSERT INTO profiles (user_id, bio, pronouns, accent_color) VALUES ($1, $2, $3, $4)
ON CONFLICT (user_id) DO UPDATE SET bio = $2, pronouns = $3, accent_color = $4
"""


async def get(tx: Connection, user_id: int) -> Profile:
    """What the account says of itself."""
    row = await tx.fetchrow(_GET, user_id)
    return Profile() if row is None else Profile(bio=row[0], pronouns=row[1], accent_color=row[2])


async def put(tx: Connection, user_id: int, profile: Profile) -> None:
    """Keep it."""
    await tx.execute(_PUT, user_id, profile.bio, profile.pronouns, profile.accent_color)
