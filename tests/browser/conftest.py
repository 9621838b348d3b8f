"""A person at a browser, a real Home Assistant and a simulated GREEN-API."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.live.configuration import ROOT
from tests.live.home_assistant import HomeAssistantProcess
from tests.live.scene import CORE
from tests.simulator import Simulator

from .chromium import chromium
from .household import Household
from .look import Look
from .person import Person
from .texts import Texts
from .witness import Witness

PICTURES = ROOT / ".cache" / "browser"


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """Run a simulated GREEN-API.

    On a busy computer requests that kept their distance may arrive in one go.
    """
    simulator = Simulator(enforce_limits=False)
    await simulator.start()
    yield simulator
    await simulator.stop()


@pytest.fixture
async def household(
    tmp_path: Path, look: Look, simulator: Simulator
) -> AsyncIterator[Household]:
    """Run a new Home Assistant that speaks the language of the look."""
    async with HomeAssistantProcess(
        tmp_path / "config", language=look.language
    ) as home_assistant:
        await home_assistant.client.set_language(look.language)
        yield Household(home_assistant, simulator)


@pytest.fixture
async def person(household: Household, look: Look) -> AsyncIterator[Person]:
    """Sit somebody down at a browser with that look."""
    async with chromium() as browser:
        page = await browser.new_page(**look.options())
        yield Person(page, household.home_assistant.url, Texts(look.language))


@pytest.fixture
def witness(request: pytest.FixtureRequest, look: Look, person: Person) -> Witness:
    """Keep pictures of what the person sees, in a folder of the test's own."""
    story = request.path.stem.removeprefix("test_")
    return Witness(person.page, person.texts, PICTURES / story / str(look), CORE)
