"""Test parsing addresses as users enter or paste them."""

from ipaddress import ip_address

from hypothesis import example, given, settings, strategies as st
import pytest
from yarl import URL

from custom_components.green_api.inputs.address import (
    Address,
    InsecureAddressError,
    InvalidAddressError,
)
from tests.support.clients import assert_no_details
from tests.support.fuzz import FUZZED, UNSEEN_GENERATOR, addresses

pytestmark = pytest.mark.long(5)

# Paths between the instance and the token of a pasted URL.
method_paths = st.lists(
    st.sampled_from(
        (
            *("/", "//", "\\", "%2F", "%5C", ".", "..", "%2e", "%2E%2e", ";", "%"),
            *("\t", "\n", " ", "%20", "reboot", "waInstance2", "\0", "\u2024"),
        )
    ),
    max_size=8,
).map("".join)


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
def test_corrected_address(text: str, url: str) -> None:
    """Spaces, a missing scheme and trailing slashes are corrected; a path is kept."""
    assert Address.parse(text) == Address(url, None)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (
            "https://api.green-api.com/waInstance1101000001/getStateInstance/secret",
            Address("https://api.green-api.com", "1101000001", "secret"),
        ),
        (
            "3100.api.green-api.com/v3/waInstance3100000001/reboot/secret/",
            Address("https://3100.api.green-api.com/v3", "3100000001", "secret"),
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
            Address("https://api.green-api.com", "1101000001", "secret\n"),
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
            Address("https://api.green-api.com", "1", "secret"),
        ),
        (
            "https://api.green-api.com/waInstance1/receiveNotification/secret?x=y#z",
            Address("https://api.green-api.com", "1", "secret"),
        ),
        (
            "https://api.green-api.com/waInstance1/deleteNotification/secret/7",
            Address("https://api.green-api.com", "1", "secret"),
        ),
        (
            "https://api.green-api.com/waInstance1/reboot/%2Bsecret%40",
            Address("https://api.green-api.com", "1", "+secret@"),
        ),
        (
            "https://api.green-api.com/waInstance",
            Address("https://api.green-api.com", None),
        ),
    ],
)
def test_whole_url_pasted(text: str, address: Address) -> None:
    """The URL of a method contains the address, the instance ID and the token."""
    assert Address.parse(text) == address
    assert "secret" not in repr(address)


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
    """An invalid address is refused, and is not part of the error."""
    with pytest.raises(InvalidAddressError) as raised:
        Address.parse(text)
    assert_no_details(raised.value)


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
    """Plain HTTP is only allowed to this computer."""
    with pytest.raises(InsecureAddressError) as raised:
        Address.parse(text)
    assert_no_details(raised.value)


@pytest.mark.parametrize(
    ("url", "instance_id", "pool"),
    [
        ("https://api.green-api.com", "7103000001", "https://7103.api.greenapi.com"),
        ("https://api.greenapi.com", "7103000001", "https://7103.api.greenapi.com"),
        (
            "https://7105.api.greenapi.com",
            "7103000001",
            "https://7103.api.greenapi.com",
        ),
        (
            "https://api.green-api.com/v3",
            "3100000001",
            "https://3100.api.green-api.com/v3",
        ),
        ("https://api.greenapi.com", "4100000001", "https://4100.api.green-api.com"),
        ("https://api.green-api.com", "310022742216", "https://3100.api.green-api.com"),
        # The address is already the pool's, or the pool is unknown.
        ("https://7103.api.greenapi.com", "7103000001", None),
        ("https://api.green-api.com", "1101000001", None),
        ("https://api.green-api.com", "7103", None),
        # The address is not one of GREEN-API.
        ("http://127.0.0.1:8124", "7103000001", None),
        ("https://proxy.example", "7103000001", None),
        ("https://api.green-api.com.example", "7103000001", None),
        ("https://evilapi.green-api.com", "7103000001", None),
        ("https://evil.api.green-api.com", "7103000001", None),
        ("https://71030.api.green-api.com", "7103000001", None),
        ("https://apixgreen-api.com", "7103000001", None),
        ("https://api.green-api.co", "7103000001", None),
        ("https://media.green-api.com", "7103000001", None),
        ("https://green-api.com", "7103000001", None),
        ("https://api.green-api.com:8443", "7103000001", None),
        ("http://api.green-api.com", "7103000001", None),
    ],
)
def test_pool(url: str, instance_id: str, pool: str | None) -> None:
    """Only an address of GREEN-API is replaced by that of the pool."""
    assert Address.of_pool(url, instance_id) == pool


# Arbitrary input


def parsed_address(text: str) -> list[Address]:
    """Return the address in a list, or an empty list if the text is refused."""
    try:
        return [Address.parse(text)]
    except (InvalidAddressError, InsecureAddressError) as err:
        assert_no_details(err)
        return []


def is_safe(url: URL) -> bool:
    """Return whether only the host can read what is sent there."""
    return (
        url.scheme == "https"
        or url.host == "localhost"
        or ip_address(url.host).is_loopback
    )


@UNSEEN_GENERATOR
@settings(FUZZED, max_examples=1000)
@given(text=addresses)
def test_any_address(text: str) -> None:
    """A parsed address is valid, safe, without a token, and stable."""
    for address in parsed_address(text):
        url = URL(address.url)
        assert is_safe(url)
        assert (url.user, url.password, url.query_string, url.fragment) == (
            None,
            None,
            "",
            "",
        )
        assert "wainstance" not in url.path.lower()
        assert not address.url.endswith("/")
        assert Address.parse(address.url) == Address(address.url, None)
        whole = URL(f"{address.url}/waInstance1/reboot/secret", encoded=True)
        assert whole.origin() == url.origin()
        assert Address.parse(str(whole)) == Address(address.url, "1", "secret")


@UNSEEN_GENERATOR
@settings(FUZZED, max_examples=1000)
@given(text=addresses, instance_id=st.from_regex(r"[0-9]{1,20}", fullmatch=True))
def test_pool_of_any_address(text: str, instance_id: str) -> None:
    """The token is sent only to the entered host or to one of GREEN-API."""
    for address in parsed_address(text):
        for pool in filter(None, [Address.of_pool(address.url, instance_id)]):
            url = URL(pool)
            assert url.scheme == "https"
            assert url.port == 443
            assert url.host.endswith((".api.green-api.com", ".api.greenapi.com"))
            assert URL(address.url).host.endswith(("green-api.com", "greenapi.com"))


@UNSEEN_GENERATOR
@settings(FUZZED, max_examples=1000)
@given(prefix=addresses, path=method_paths)
@example(prefix="https://api.green-api.com", path="/../")
def test_any_pasted_url(prefix: str, path: str) -> None:
    """The token of a pasted URL is removed from the address."""
    for address in parsed_address(f"{prefix}/waInstance1{path}/d75b3a66374942c5"):
        assert "d75b3a66374942c5" not in address.url
