"""What `darkroom doctor` says about access."""

from darkroom_cli.doctor.access import caller_finding, rights_finding


def test_a_caller_is_named_with_the_time_until_which_the_token_is_valid() -> None:
    session = {"access": "kubernetes", "name": "ada", "method": "Oidc", "expiresAt": "2026-11-26T12:00:00Z"}
    found = caller_finding(session)
    assert found.state == "Ok"
    assert found.message == "the service accepts the token of ada (Oidc), until 2026-11-26T12:00:00Z"


def test_a_service_without_access_control_needs_no_token() -> None:
    assert caller_finding({"access": "none"}).message == "the service needs no token"


def test_rights_are_listed_and_their_absence_is_a_warning() -> None:
    assert rights_finding("demo/digits", ["Read", "Submit"]).message == "Submit, Read"
    none = rights_finding("demo/digits", [])
    assert none.state == "Warning"
    assert "darkroom-viewer" in none.advice
