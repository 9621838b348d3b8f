"""A person sets an account up, lives with it and gets it working again."""

import pytest

from tests.live.home_assistant import DEVELOPER
from tests.live.scene import Token

from .household import Household
from .look import Look
from .person import Person
from .witness import Witness

LOOKS = (Look("en", "light", "desktop"), Look("ru", "dark", "phone"))
NAME = "GREEN-API 1101000001"


@pytest.mark.parametrize("look", LOOKS, ids=str)
async def test_story(household: Household, person: Person, witness: Witness) -> None:
    """Log in and add an account, after some mistakes."""
    account = household.simulator.add_account("1101000001", Token.FIRST)
    texts = person.texts

    await person.arrive()
    await witness.look("login")
    await person.log_in(DEVELOPER)
    found = await person.search_integration("green-api")
    await witness.look("search")
    await found.click()
    await person.read("config.step.user.description", console_url="")
    await witness.look("form")

    await person.fill(api_url="http://green-api.com", instance_id="WhatsApp")
    await person.fill(api_token=Token.WRONG)
    await person.submit()
    await person.be_told(
        texts("config.error.insecure_url"), texts("config.error.invalid_instance_id")
    )
    await witness.look("mistakes")

    await person.fill(api_url=household.simulator.url, instance_id=account.instance_id)
    await person.fill(api_token=Token.WRONG)
    await person.submit()
    await person.be_told(texts("config.error.invalid_auth"))
    await witness.look("wrong-token")

    await person.fill(api_token=Token.FIRST)
    await person.submit()
    await person.see(person.flow, "WhatsApp")
    await witness.look("added")
    await person.finish()

    assert witness.complaints == []
