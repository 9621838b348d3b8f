"""Run a simulated GREEN-API with its control page: python -m tests.simulator."""

import argparse
import asyncio
import os
import secrets
import signal
import sys

from .messengers import Messenger
from .server import Simulator

TOKEN_VARIABLE = "GREEN_API_SIMULATOR_TOKEN"


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulator",
        description="A simulated GREEN-API on loopback, with a control page.",
        epilog=f"The token is {TOKEN_VARIABLE}, or else generated and printed.",
    )
    parser.add_argument("--port", type=int, default=8124, help="0 selects a free port")
    parser.add_argument(
        "--instance",
        action="append",
        metavar="ID",
        help="instance ID, may be repeated; the default is 1101000001",
    )
    parser.add_argument("--state", default="authorized", help="initial state")
    parser.add_argument(
        "--messenger", type=Messenger, default=Messenger.WHATSAPP, choices=[*Messenger]
    )
    parser.add_argument(
        "--no-limits", action="store_true", help="do not enforce rate limits"
    )
    return parser.parse_args()


def take_token() -> str:
    """Return the token from the environment, or generate one and print it."""
    if token := os.environ.get(TOKEN_VARIABLE):
        return token
    token = secrets.token_hex(25)
    sys.stdout.write(f"Token (generated): {token}\n")
    return token


async def run(arguments: argparse.Namespace) -> None:
    """Serve until SIGINT or SIGTERM."""
    simulator = Simulator(enforce_limits=not arguments.no_limits, control_page=True)
    token = take_token()
    for instance_id in arguments.instance or ["1101000001"]:
        simulator.add_account(
            instance_id, token, state=arguments.state, messenger=arguments.messenger
        )
    await simulator.start(arguments.port)
    sys.stdout.write(f"Simulated GREEN-API and its control page: {simulator.url}\n")
    sys.stdout.flush()

    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()
    await simulator.stop()


if __name__ == "__main__":
    asyncio.run(run(parse_arguments()))
