"""The process that fills the store. Started by the service with a pipe; ends when the service closes it.

python -m darkroom_ingestion.filling PIPE IMAGES
"""

from darkroom.processes.loading import loading


def main() -> None:
    """Fill the store until the service closes the pipe."""
    with loading():
        from darkroom_ingestion.filling.command import main as run  # noqa: PLC0415 - see `loading`
    run()


if __name__ == "__main__":
    main()
