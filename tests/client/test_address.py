"""Test what becomes of an address as people type or paste it."""

import pytest

from custom_components.green_api.address import (
    Address,
    InsecureAddressError,
    InvalidAddressError,
)
from tests.support.clients import assert_says_only


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://api.green-api.com", "https://api.green-api.com"),
        ("https://7103.api.greenapi.com", "https://7103.api.greenapi.com"),
        (" https://api.green-api.com/ \n", "https://api.green-api.com"),
        ("https://api.green-api.com//", "https://api.green-api.com"),
        ("api.green-api.com", "https://api.green-api.com"),
        ("api.green-api.com:8443", "https://api.green-api.com:8443"),
        ("HTTPS://API.Green-API.com", "https://api.green-api.com"),
        ("https://api.green-api.com:443", "https://api.green-api.com"),
        ("https://3100.api.green-api.com/v3", "https://3100.api.green-api.com/v3"),
        ("3100.api.green-api.com/v3/", "https://3100.api.green-api.com/v3"),
        ("https://proxy.example/a%20b/c", "https://proxy.example/a%20b/c"),
        ("https://proxy.example/a%2525b", "https://proxy.example/a%2525b"),
        ("https://proxy.example/a%3Fb", "https://proxy.example/a%3Fb"),
        ("https://пример.рф", "https://xn--e1afmkfd.xn--p1ai"),
        ("https://192.0.2.1", "https://192.0.2.1"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ("[2001:db8::1]", "https://[2001:db8::1]"),
        ("localhost:8124", "https://localhost:8124"),
        ("http://localhost:8124", "http://localhost:8124"),
        ("http://LOCALHOST", "http://localhost"),
        ("http://127.0.0.1:8124/v3/", "http://127.0.0.1:8124/v3"),
        ("http://127.8.9.10", "http://127.8.9.10"),
        ("http://[::1]:8124", "http://[::1]:8124"),
    ],
)
def test_mended(text: str, url: str) -> None:
    """Blanks, a missing scheme and slashes at the end are mended; a path stays."""
    assert Address.parse(text) == Address(url, None)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (
            "https://api.green-api.com/waInstance1101000001/getStateInstance/secret",
            Address("https://api.green-api.com", "1101000001"),
        ),
        (
            "3100.api.green-api.com/v3/waInstance3100000001/reboot/secret/",
            Address("https://3100.api.green-api.com/v3", "3100000001"),
        ),
        (
            "https://api.green-api.com/wainstance1101000001",
            Address("https://api.green-api.com", "1101000001"),
        ),
        (
            "https://api.green-api.com/v3%2FwaInstance1101000001%2Freboot%2Fsecret",
            Address("https://api.green-api.com/v3", "1101000001"),
        ),
        (
            "https://api.green-api.com/%77aInstance1101000001/reboot/secret%0A/x",
            Address("https://api.green-api.com", "1101000001"),
        ),
        (
            "https://api.green-api.com//waInstance1//reboot//secret",
            Address("https://api.green-api.com", "1"),
        ),
        (
            "https://api.green-api.com/v3%5CwaInstance1%5Creboot%5Csecret",
            Address("https://api.green-api.com/v3", "1"),
        ),
        (
            "https://api.green-api.com/v3/./waInstance1/./secret",
            Address("https://api.green-api.com/v3", "1"),
        ),
        (
            "https://api.green-api.com/waInstance1/reboot/secret/waInstance2/x",
            Address("https://api.green-api.com", "1"),
        ),
        (
            "https://api.green-api.com/waInstance",
            Address("https://api.green-api.com", None),
        ),
    ],
)
def test_whole_url_pasted(text: str, address: Address) -> None:
    """Of the whole URL of a method only the address and the instance are kept."""
    assert Address.parse(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "/",
        "https://",
        "https:///waInstance1",
        "https://:443",
        "not an address",
        "1101000001",
        "d75b3a66374942c5.7",
        "https://192.0.2",
        "https://192.0.2.256",
        "http://127.1",
        "http://2130706433",
        "ftp://api.green-api.com",
        "mailto:support@green-api.com",
        "javascript:alert(1)",
        "//api.green-api.com",
        "https://api_green.com",
        "https://api..green-api.com",
        "https://-api.green-api.com",
        "https://api.green-api-.com",
        f"https://{'a' * 64}.com",
        "https://api.green-api.com:0",
        "https://api.green-api.com:65536",
        "https://api.green-api.com:port",
        "https://[2001:db8::1",
        "2001:db8::1",
        "https://name@api.green-api.com",
        "https://name:word@api.green-api.com",
        "https://:@api.green-api.com",
        "https://api.green-api.com?token=secret",
        "https://api.green-api.com/waInstance1/reboot/secret?x=y",
        "https://api.green-api.com#secret",
        "https://api.green-api.com\\waInstance1",
        "https://api\x00.green-api.com",
        "[]@",
        "https://[]@/waInstance1",
        *(
            f"https://api.green-api.com{path}secret"
            for path in (
                "/waInstance1/../",
                "/waInstance1/reboot/../../",
                "/waInstance1/%2e%2E/",
                "/waInstance1/.%2e/",
                "/waInstance1%2F..%2F",
                "/waInstance1/..;/",
                "/waInstance1//..//../",
                "/waInstance1/.\t./",
                "/wa\nInstance1/",
                "/v3\\waInstance1\\..\\",
                "/v3%5CwaInstance1%5C..%5C",
                "/v3/;waInstance1/reboot/",
                "/v3/%20waInstance1/reboot/",
                "/v3waInstance1/",
            )
        ),
    ],
)
def test_invalid(text: str) -> None:
    """What is no address of a web server is refused, without a word of it."""
    with pytest.raises(InvalidAddressError) as raised:
        Address.parse(text)
    assert_says_only(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        "http://api.green-api.com",
        "HTTP://api.green-api.com",
        "http://api.green-api.com:443",
        "http://192.168.1.2",
        "http://0.0.0.0",
        "http://[::]",
        "http://localhost.example",
        "http://127.0.0.1.example",
        "http://api.green-api.com/waInstance1/reboot/secret",
        "http://xn--0.example",
    ],
)
def test_insecure(text: str) -> None:
    """Nothing travels in clear but to this very computer."""
    with pytest.raises(InsecureAddressError) as raised:
        Address.parse(text)
    assert_says_only(raised.value)
