"""Test messages with choices, and their answers."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from unittest.mock import AsyncMock

import pytest

from custom_components.green_api.const import DOMAIN
from custom_components.green_api.receiving.permissions import ReceiveMode
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from tests.simulator import Fault
from tests.support.receiving import (
    BESIDE,
    BOTH_WAYS,
    ONLY,
    SAM,
    SAM_CHAT,
    STRANGER,
    Receiving,
)
from tests.support.recipients import ALEX, ALEX_CHAT, FAMILY, FAMILY_CHAT
from tests.support.request_interceptor import RequestInterceptor, delay

pytestmark = pytest.mark.long(3)

CHOICES: Final = ["On my way", "False alarm"]
TEXT: Final = "Smoke in the kitchen"
NUMBERED: Final = f"{TEXT}\n\n1. On my way\n2. False alarm"


def asking(home: Receiving, entity_id: str = ALEX, **data: Any) -> asyncio.Task[Any]:
    """Start to send a message with choices."""
    return asyncio.ensure_future(
        home.hass.services.async_call(
            DOMAIN,
            "send_message",
            {"entity_id": entity_id, "message": TEXT, "choices": CHOICES, **data},
            blocking=True,
            return_response=True,
        )
    )


async def ask(home: Receiving, entity_id: str = ALEX, **data: Any) -> str:
    """Send a message with choices, and return its ID."""
    response = await home.time.result(asking(home, entity_id, **data), 10)
    return str(response[entity_id]["message_id"])


async def answers(home: Receiving) -> list[tuple[str, str | None, str | None]]:
    """Return the texts, the choices and the questions of the next answers."""
    await home.time.advance(16)
    runs = home.runs.copy()
    home.runs.clear()
    return [(it["text"], it["choice"], it["question_message_id"]) for it in runs]


def sent(home: Receiving) -> list[tuple[str, Any]]:
    """Return the methods and bodies of the messages that were sent."""
    return [
        (it.method, it.body)
        for it in home.account.requests
        if it.method.startswith("send")
    ]


async def test_poll(home: Receiving) -> None:
    """Test that choices are a poll where its votes are reported."""
    await home.set_up(ONLY)
    question = await ask(home)
    ((method, body),) = sent(home)
    assert method == "sendPoll"
    assert body["message"] == TEXT
    assert [it["optionName"] for it in body["options"]] == CHOICES
    home.account.vote(question, "On my way", sender_id=ALEX_CHAT)
    assert await answers(home) == [("On my way", "On my way", question)]
    assert home.runs == []


async def test_votes(home: Receiving) -> None:
    """Test that only votes of people who may write count, once per change."""
    await home.set_up(ONLY)
    question = await ask(home, FAMILY)
    home.account.vote(question, "On my way", sender_id=ALEX_CHAT)
    home.account.vote(question, "False alarm", sender_id=STRANGER)
    home.account.vote(question, "False alarm", sender_id=SAM_CHAT)
    assert await answers(home) == [("On my way", "On my way", question)]
    home.account.vote(question, "On my way", sender_id=ALEX_CHAT)
    assert await answers(home) == []
    home.account.vote(question, "False alarm", sender_id=ALEX_CHAT)
    assert await answers(home) == [("False alarm", "False alarm", question)]


async def test_vote_in_poll_of_stranger(home: Receiving) -> None:
    """Test that nobody is heard by letting someone vote for what they have written."""
    await home.set_up(ONLY)
    votes = [{"optionName": "Open the gate", "optionVoters": [ALEX_CHAT]}]
    home.write(
        chat_id=FAMILY_CHAT,
        data={
            "typeMessage": "pollUpdateMessage",
            "pollMessageData": {"stanzaId": "3EB0", "name": TEXT, "votes": votes},
        },
    )
    assert await answers(home) == [("", None, None)]


@pytest.mark.parametrize("mode", BOTH_WAYS)
@pytest.mark.parametrize(
    ("answer", "choice"),
    [
        ("1", "On my way"),
        (" 2. ", "False alarm"),
        ("on  MY way", "On my way"),
        ("3", None),
        ("Coming", None),
    ],
)
async def test_lines(
    home: Receiving, mode: ReceiveMode, answer: str, choice: str | None
) -> None:
    """Test that numbers and texts are answers to numbered lines."""
    await home.set_up(mode)
    home.account.receives_votes = False
    await home.reload()
    question = await ask(home)
    assert sent(home) == [("sendMessage", {"chatId": ALEX_CHAT, "message": NUMBERED})]
    home.write(answer)
    assert await answers(home) == [(answer, choice, choice and question)]


@pytest.mark.parametrize(
    "data",
    [
        {"message": "x" * 256},
        {"choices": ["yes", "n" * 101]},
        {"attachment": "/media/local/door.jpg"},
    ],
)
async def test_no_poll(home: Receiving, data: dict[str, Any], media: Path) -> None:
    """Test that what does not fit into a poll is sent with numbered lines."""
    await home.set_up(ONLY)
    home.hass.config.allowlist_external_dirs = {f"{media}"}
    if_file = {"attachment": f"{media}/door.jpg"} if "attachment" in data else data
    await ask(home, **if_file)
    ((method, body),) = sent(home)
    assert method != "sendPoll"
    assert "\n1. " in (body.get("message") or body["caption"])


@pytest.mark.parametrize("mode", BOTH_WAYS)
async def test_file_without_caption(
    home: Receiving, mode: ReceiveMode, media: Path
) -> None:
    """Test that numbered lines follow a file that is shown without its caption."""
    await home.set_up(mode)
    (media / "report.pdf").write_bytes(b"a file")
    home.hass.config.allowlist_external_dirs = {f"{media}"}
    question = await ask(home, attachment=f"{media}/report.pdf")
    (_, file), (_, text) = sent(home)
    assert (file["fileName"], text["message"]) == ("report.pdf", NUMBERED)
    home.write("2")
    assert await answers(home) == [("2", "False alarm", question)]


async def test_votes_turned_off(home: Receiving) -> None:
    """Test that choices are numbered lines when votes are not reported anymore."""
    await home.set_up(ONLY)
    home.account.receives_votes = False
    await home.time.advance(3700)
    home.account.requests.clear()
    await ask(home)
    assert [method for method, _ in sent(home)] == ["sendMessage"]


async def test_only_choices(home: Receiving) -> None:
    """Test that choices alone are a message."""
    await home.set_up(BESIDE)
    await ask(home, message="")
    assert sent(home)[0][1]["message"] == "1. On my way\n2. False alarm"


async def test_newest_question(home: Receiving) -> None:
    """Test that a bare answer is for the newest question, and a quote for another."""
    await home.set_up(BESIDE)
    first = await ask(home)
    second = await ask(home, choices=["Yes", "No"])
    await home.time.advance(1)
    home.write("1")
    home.write("1", quoted_id=first)
    assert await answers(home) == [("1", "Yes", second), ("1", "On my way", first)]
    await home.time.advance(3600)
    home.write("1")
    assert await answers(home) == [("1", None, None)]


async def test_answer_during_upload(home: Receiving, media: Path) -> None:
    """Test that an answer is for the older question until the next one is sent."""
    await home.set_up(BESIDE)
    home.hass.config.allowlist_external_dirs = {f"{media}"}
    first = await ask(home)
    await home.time.advance(30)
    home.account.delays["sendFileByUpload"] = 25
    task = asking(home, attachment=f"{media}/door.jpg")
    await home.time.advance(20)
    home.account.journal_lag = 10
    home.write("1")
    await home.time.result(task, 20)
    await home.time.advance(20)
    assert await answers(home) == [("1", "On my way", first)]


async def test_clock_ahead(home: Receiving) -> None:
    """Test that a quick answer counts if the clock of Home Assistant is ahead."""
    await home.set_up(BESIDE)
    question = await ask(home)
    await home.time.advance(20)
    home.write("1", ago=60)
    assert await answers(home) == [("1", "On my way", question)]


@pytest.mark.parametrize("hours", [-30, -2, 0.5, 2, 30])
async def test_clock_is_set(home: Receiving, hours: float) -> None:
    """Test that an answer counts if the clock was wrong when the question was sent."""
    await home.set_up(BESIDE)
    home.time.set_clock(timedelta(hours=hours))
    await ask(home)
    await home.time.advance(20)
    question = await ask(home)
    home.time.set_clock(timedelta())
    await home.time.advance(20)
    home.write("2")
    assert await answers(home) == [("2", "False alarm", question)]
    await home.time.advance(3600)
    home.write("1")
    assert await answers(home) == [("1", None, None)]


async def test_quoted_rest(home: Receiving, media: Path) -> None:
    """Test that the choices can be quoted if they follow a long caption."""
    await home.set_up(BESIDE)
    home.hass.config.allowlist_external_dirs = {f"{media}"}
    question = await ask(home, message="x " * 600, attachment=f"{media}/door.jpg")
    (_, file), (_, rest) = sent(home)
    assert "1. On my way" not in file["caption"]
    assert "1. On my way" in rest["message"]
    rest_id = [*home.account.messages][-1].id
    home.write("1", quoted_id=rest_id)
    assert await answers(home) == [("1", "On my way", question)]
    async with home.restarted() as again:
        await again.started()
        home.write("2", quoted_id=rest_id)
        assert await answers(again) == [("2", "False alarm", question)]


async def test_older_file(home: Receiving, hass_storage: dict[str, Any]) -> None:
    """Test that a question is known from a file without what was added later."""
    key = f"{DOMAIN}.{home.entry.entry_id}"
    question = {
        "chat_id": ALEX_CHAT,
        "message_id": "Q1",
        "choices": CHOICES,
        "asked_at": datetime.now(UTC).isoformat(),
    }
    hass_storage[key] = {
        "version": 1,
        "minor_version": 1,
        "key": key,
        "data": {"heard": {}, "asked": [question]},
    }
    await home.set_up(BESIDE)
    home.write("1", quoted_id="Q1")
    assert await answers(home) == [("1", "On my way", "Q1")]


async def test_after_reload(home: Receiving) -> None:
    """Test that a reload of the account does not end what was asked."""
    await home.set_up(BESIDE)
    question = await ask(home)
    await home.time.advance(20)
    await home.reload()
    home.write("1")
    assert await answers(home) == [("1", "On my way", question)]


async def test_hanging_disk(home: Receiving, hass_storage: dict[str, Any]) -> None:
    """Test that a disk that hangs delays a question and its answer only by seconds."""
    await home.set_up(BESIDE)
    store = home.entry.runtime_data.message_handler.memory._store
    save, works_again = store.async_save, asyncio.Event()

    async def hang(data: Any) -> None:
        await works_again.wait()
        await save(data)

    store.async_save = hang
    question = await ask(home)
    home.write("1")
    await home.time.advance(6)
    assert await answers(home) == [("1", "On my way", question)]
    works_again.set()
    await home.time.settle()
    stored = hass_storage[f"{DOMAIN}.{home.entry.entry_id}"]["data"]
    assert [it["message_id"] for it in stored["asked"]] == [question]


async def test_vote_again_after_restart(home: Receiving) -> None:
    """Test that a withdrawn vote counts when it is cast again after a restart."""
    await home.set_up(ONLY)
    poll = await ask(home)
    vote = ("On my way", "On my way", poll)
    home.account.vote(poll, "On my way", sender_id=ALEX_CHAT)
    assert await answers(home) == [vote]
    home.account.vote(poll, sender_id=ALEX_CHAT)
    assert await answers(home) == []
    async with home.restarted() as again:
        await again.started()
        home.account.vote(poll, "On my way", sender_id=ALEX_CHAT)
        assert await answers(again) == [vote]


async def test_after_restart(home: Receiving) -> None:
    """Test that only votes and quotes are answers after a restart."""
    await home.set_up(ONLY)
    poll = await ask(home)
    lines = await ask(home, message="x" * 256)
    async with home.restarted() as again:
        await again.started()
        home.account.vote(poll, "False alarm", sender_id=ALEX_CHAT)
        home.write("2", quoted_id=lines)
        home.write("1")
        assert await answers(again) == [
            ("False alarm", "False alarm", poll),
            ("2", "False alarm", lines),
            ("1", None, None),
        ]


async def test_group(home: Receiving) -> None:
    """Test that in a group, only the answers of people who may write count."""
    await home.set_up(BESIDE)
    question = await ask(home, FAMILY)
    home.write("2", SAM_CHAT, chat_id=FAMILY_CHAT)
    home.write("1", chat_id=FAMILY_CHAT)
    assert await answers(home) == [("1", "On my way", question)]


async def test_nobody_heard(home: Receiving) -> None:
    """Test that choices nobody could select are an error before anything is sent."""
    await home.set_up(ReceiveMode.OFF)

    async def error(entity_id: str) -> str | None:
        with pytest.raises(HomeAssistantError) as caught:
            await ask(home, entity_id)
        return caught.value.translation_key

    assert await error(ALEX) == "nobody_heard"
    home.choose(ONLY)
    await home.time.settle()
    assert await error(SAM) == "nobody_heard"
    home.account.has_webhook = True
    await home.time.advance(60)
    assert await error(ALEX) == "nobody_heard"
    home.let_write("Alex", may_write=False)
    assert await error(FAMILY) == "nobody_heard"
    assert sent(home) == []


@pytest.mark.parametrize("entity_id", [ALEX, FAMILY])
async def test_own_number(home: Receiving, entity_id: str) -> None:
    """Test that the account itself does not count as somebody who could answer."""
    home.account.wid = ALEX_CHAT
    await home.set_up(BESIDE)
    with pytest.raises(ServiceValidationError) as caught:
        await ask(home, entity_id)
    assert caught.value.translation_key == "nobody_heard"
    assert sent(home) == []


async def test_failed_question(home: Receiving) -> None:
    """Test that a question that is not sent can't be answered."""
    await home.set_up(BESIDE)
    home.account.faults["sendMessage"] = Fault.QUOTA_466
    with pytest.raises(HomeAssistantError):
        await ask(home)
    home.write("1")
    assert await answers(home) == [("1", None, None)]


INVALID_CHOICES: Final[list[object]] = [
    [],
    "One",
    None,
    ["One"],
    ["Yes", " yes"],
    ["Yes", ""],
    ["Yes", None],
    [" ", "No"],
    [f"{it}" for it in range(13)],
]


@pytest.mark.parametrize("choices", INVALID_CHOICES)
async def test_invalid_choices(home: Receiving, choices: object) -> None:
    """Test that choices that can't be told apart, or too many, are refused."""
    await home.set_up(BESIDE)
    with pytest.raises(ServiceValidationError) as caught:
        await ask(home, choices=choices)
    assert caught.value.translation_key == "choices_invalid"
    assert sent(home) == []


async def test_invalid_choices_returned(home: Receiving) -> None:
    """Test that invalid choices are an error of each recipient."""
    await home.set_up(BESIDE)
    response: Any = await home.hass.services.async_call(
        DOMAIN,
        "send_message",
        {"entity_id": ALEX, "choices": ["One"], "return_errors": True},
        blocking=True,
        return_response=True,
    )
    assert response[ALEX]["error"].startswith("The choices can't be told apart")


async def test_question_while_loading(home: Receiving) -> None:
    """Test that a question is not forgotten when what was stored is loaded late."""
    await home.set_up(ReceiveMode.OFF)
    store = home.entry.runtime_data.message_handler.memory._store
    load = store.async_load

    async def load_slowly() -> Any:
        await asyncio.sleep(5)
        return await load()

    store.async_load = load_slowly
    home.choose(BESIDE)
    question = await ask(home)
    home.write("1")
    assert await answers(home) == [("1", "On my way", question)]


async def test_disk_fails(home: Receiving) -> None:
    """Test that a question that can't be stored is sent, and can be answered."""
    await home.set_up(BESIDE)
    store = home.entry.runtime_data.message_handler.memory._store
    store.async_save = AsyncMock(side_effect=OSError)
    question = await ask(home)
    home.write("1")
    assert await answers(home) == [("1", "On my way", question)]


async def test_disk_hangs_before_question(
    home: Receiving, hass_storage: dict[str, Any]
) -> None:
    """Test that a question does not wait for what was stored, and never replaces it."""
    await home.set_up(ReceiveMode.OFF)
    key = f"{DOMAIN}.{home.entry.entry_id}"
    stored = {"heard": {f"{ALEX_CHAT} 1": datetime.now(UTC).isoformat()}, "asked": []}
    hass_storage[key] = {"version": 1, "minor_version": 1, "key": key, "data": stored}
    store = home.entry.runtime_data.message_handler.memory._store
    store.async_load = asyncio.Event().wait
    home.choose(BESIDE)
    await ask(home)
    await home.hass.async_stop(force=True)
    assert hass_storage[key]["data"] == stored


async def test_removed_while_question_is_sent(
    home: Receiving, hass_storage: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that nothing is stored about an account that was removed meanwhile."""
    await home.set_up(BESIDE)
    RequestInterceptor(monkeypatch).intercept(
        home.account.instance_id, delay("sendMessage", 5)
    )
    asked = asking(home)
    await home.time.advance(1)
    await home.hass.config_entries.async_remove(home.entry.entry_id)
    await home.time.result(asked, 5)
    assert [it for it in hass_storage if home.entry.entry_id in it] == []
