"""The page recorder finds what is wrong with a page."""

from collections.abc import AsyncIterator
from pathlib import Path

from playwright.async_api import Browser, Page
import pytest
import pytest_asyncio

from .chromium import chromium
from .page_recorder import PageRecorder
from .texts import Texts

SECRET = "5ec2e7"
IN_COMPONENT = (
    "<div></div><script>document.querySelector('div').attachShadow({mode: 'open'})"
    ".innerHTML = '<p>component.green_api.entity.sensor</p>'</script>"
)


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Run a browser for all tests of this module."""
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser) -> AsyncIterator[Page]:
    """Open an empty page, and close it afterwards."""
    async with await browser.new_page() as page:
        yield page


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (IN_COMPONENT, "page: component.green_api.entity.sensor"),
        ("<p>invalid_auth</p>", "page: invalid_auth"),
        ("<p>Code for {name}</p>", "page: Code for {name}"),
        ("<p>Not authorized</p>", "page: Not authorized"),
        (f"<p>It is {SECRET}.</p>", "page: contains a token"),
        (f"<a href='/waInstance1/{SECRET}'></a>", "page: contains a token"),
        (f"<input value='{SECRET}'>", "page: contains a token"),
        ("<p style='width: 9999px'>Wide</p>", "page: wider than the screen"),
        ("<script>console.error('Lost')</script>", "console: Lost ()"),
        ("<script>throw Error('Lost')</script>", "page: Lost"),
    ],
)
async def test_complaint(
    page: Page, tmp_path: Path, content: str, complaint: str
) -> None:
    """Everything that should not be on a page is a complaint."""
    recorder = PageRecorder(page, Texts("ru"), tmp_path / "pictures", SECRET)
    await page.set_content(content)
    await recorder.record("page")
    assert recorder.complaints == [complaint]


async def test_no_complaint(page: Page, tmp_path: Path) -> None:
    """The input of password fields and quoted texts are no complaints."""
    recorder = PageRecorder(page, Texts("ru"), tmp_path / "pictures", SECRET)
    await page.set_content("<input type='password'><p>Reboot</p><p>message_id</p>")
    await page.locator("input").fill(SECRET)
    await recorder.record("page", quoted=["Reboot", "message_id"])
    assert recorder.complaints == []
    assert (tmp_path / "pictures" / "01-page.png").exists()


DIALOG = "<dialog-data-entry-flow><ha-dialog></ha-dialog>{}</dialog-data-entry-flow>"


@pytest.mark.parametrize(
    ("content", "ours", "of_home_assistant"),
    [
        ("<ha-markdown><ul><p>One</p></ul></ha-markdown>", ["list"], []),
        ("<ha-markdown><img src='data:,'></ha-markdown>", [], ["image-alt"]),
        ("<button></button>", [], ["button-name"]),
        ("<ha-markdown><a href='/'>Console</a></ha-markdown>", [], []),
    ],
)
async def test_accessibility(
    page: Page,
    tmp_path: Path,
    content: str,
    ours: list[str],
    of_home_assistant: list[str],
) -> None:
    """What is not accessible is a complaint in our texts, and only noted elsewhere."""
    recorder = PageRecorder(page, Texts("en"), tmp_path / "pictures", SECRET)
    await page.set_content(DIALOG.format(content))
    await recorder.record("page")
    assert [it.split(": ")[1] for it in recorder.complaints] == ours
    assert [it.split(": ")[1] for it in recorder.of_home_assistant] == of_home_assistant
