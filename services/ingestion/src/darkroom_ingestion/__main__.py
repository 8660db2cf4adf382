"""The command `darkroom-ingestion`."""

from darkroom.processes.loading import loading


def main() -> None:
    """Entry point."""
    with loading():
        from darkroom_ingestion.command import main as run  # noqa: PLC0415 - see `loading`
    run()


if __name__ == "__main__":
    main()
