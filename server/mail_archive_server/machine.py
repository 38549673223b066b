"""What the server stands on here: versions, and what the processes that read mail are kept from."""

PARTS = ("mcp", "boto3", "pydantic", "selectolax", "pypdfium2")


def versions() -> dict[str, str]:
    """By name, in the order to show them."""
    import platform
    from importlib.metadata import version

    from mail_archive_tools import __version__

    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return {
        "mail-archive-mcp": __version__,
        "Python": f"{platform.python_version()} on {system}",
        **{name: version(name) for name in PARTS},
    }


def left() -> str:
    """What the processes that read mail can still learn where all protections hold."""
    from mail_archive_tools.sandbox.confinement import LEFT

    return LEFT


def protections() -> dict[str, str]:
    """Each protection by name: "" where it holds, else why it does not.

    Raises:
        NotRead: no process starts that could read mail.
    """
    from mail_archive_tools.reading.reader import new_sandbox
    from mail_archive_tools.sandbox.confinement import PROTECTIONS

    sandbox = new_sandbox()
    try:
        missing = sandbox.missing_protections()
    finally:
        sandbox.close()
    return {name: missing.get(name, "") for name in PROTECTIONS}
