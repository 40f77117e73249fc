"""The `directrix` command: data on standard output, messages on standard error."""


def main() -> None:
    """Runs the command. Loaded late, so that importing the package stays cheap."""
    from directrix.cli.app import app

    app()
