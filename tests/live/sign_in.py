"""Sign in to Home Assistant; the first sign-in creates the user."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from aiohttp import ClientSession

from .client import RequestRefusedError


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """An administrator."""

    name: str = "dev"
    password: str = field(default="dev", repr=False)


async def sign_in(url: str, user: User) -> str:
    """Return an access token; on the first start, the user is created."""
    client_id = f"{url}/"
    async with ClientSession(url) as session:
        if await _is_new(session):
            code = await _create(session, client_id, user)
        else:
            code = await _log_in(session, client_id, user)
        tokens = await _post(
            session,
            "/auth/token",
            form={
                "grant_type": "authorization_code",
                "code": code,
                "client_id": client_id,
            },
        )
    return str(tokens["access_token"])


async def _is_new(session: ClientSession) -> bool:
    """Return whether Home Assistant has no user yet."""
    async with session.get("/api/onboarding") as response:
        if response.status == HTTPStatus.NOT_FOUND:
            return False
        response.raise_for_status()
        steps = await response.json()
    return not all(step["done"] for step in steps)


async def _create(session: ClientSession, client_id: str, user: User) -> str:
    """Create the first user and return its authorization code."""
    response = await _post(
        session,
        "/api/onboarding/users",
        json={
            "client_id": client_id,
            "name": user.name,
            "username": user.name,
            "password": user.password,
            "language": "en",
        },
    )
    return str(response["auth_code"])


async def _log_in(session: ClientSession, client_id: str, user: User) -> str:
    """Log in with name and password and return the authorization code."""
    login = await _post(
        session,
        "/auth/login_flow",
        json={
            "client_id": client_id,
            "handler": ["homeassistant", None],
            "redirect_uri": client_id,
        },
    )
    response = await _post(
        session,
        f"/auth/login_flow/{login['flow_id']}",
        json={
            "client_id": client_id,
            "username": user.name,
            "password": user.password,
        },
    )
    return str(response["result"])


async def _post(
    session: ClientSession,
    path: str,
    *,
    json: dict[str, object] | None = None,
    form: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Post JSON or a form and return the response.

    Raises RequestRefusedError if it is an error.
    """
    async with session.post(path, json=json, data=form) as response:
        content: dict[str, Any] = await response.json()
    if not response.ok:
        raise RequestRefusedError(path, str(response.status), str(content))
    return content
