"""The witness of the stories sees what is wrong with a page."""

from collections.abc import AsyncIterator
from pathlib import Path

from playwright.async_api import Browser, Page
import pytest
import pytest_asyncio

from .chromium import chromium
from .texts import Texts
from .witness import Witness

SECRET = "5ec2e7"
IN_COMPONENT = (
    "<div></div><script>document.querySelector('div').attachShadow({mode: 'open'})"
    ".innerHTML = '<p>component.green_api.entity.sensor</p>'</script>"
)


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Run a browser for all tests here."""
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser) -> Page:
    """Open an empty page."""
    return await browser.new_page()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (IN_COMPONENT, "page: component.green_api.entity.sensor"),
        ("<p>invalid_auth</p>", "page: invalid_auth"),
        ("<p>Code for {name}</p>", "page: Code for {name}"),
        ("<p>Not authorized</p>", "page: Not authorized"),
        (f"<p>It is {SECRET}.</p>", "page: tells a token"),
        (f"<a href='/waInstance1/{SECRET}'></a>", "page: tells a token"),
        (f"<input value='{SECRET}'>", "page: tells a token"),
        ("<p style='width: 9999px'>Wide</p>", "page: wider than the screen"),
        ("<script>console.error('Lost')</script>", "console: Lost ()"),
        ("<script>throw Error('Lost')</script>", "page: Lost"),
    ],
)
async def test_complains(
    page: Page, tmp_path: Path, content: str, complaint: str
) -> None:
    """Each thing that should not be on a page is seen."""
    witness = Witness(page, Texts("ru"), tmp_path / "pictures", SECRET)
    await page.set_content(content)
    await witness.look("page")
    assert witness.complaints == [complaint]


async def test_is_content(page: Page, tmp_path: Path) -> None:
    """What people type as dots, and what is quoted, is nothing to complain about."""
    witness = Witness(page, Texts("ru"), tmp_path / "pictures", SECRET)
    await page.set_content("<input type='password'><p>Reboot</p><p>message_id</p>")
    await page.locator("input").fill(SECRET)
    await witness.look("page", quoted=["Reboot", "message_id"])
    assert witness.complaints == []
    assert (tmp_path / "pictures" / "01-page.png").exists()
