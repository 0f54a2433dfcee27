"""Commands from packages of the team, as TEAM_COMMANDS in .env names them."""

import typer
from dotenv import dotenv_values

from airfleet.config.paths import Paths
from airfleet.operate import deployment
from airfleet.operate.first_runs import command_environment

# What a person types; a team command shows it in its usage lines.
PROGRAM_NAME = "./airfleet"
# The command itself parses its arguments, --help among them.
UNTOUCHED = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def add_commands(app: typer.Typer) -> None:
    """Add a command to *app* for each NAME=MODULE; none where there is no .env yet."""
    env_file = Paths().env_file
    named = dotenv_values(env_file, interpolate=False).get("TEAM_COMMANDS") if env_file.is_file() else None
    for item in filter(None, (named or "").split(",")):
        name, _, module = item.partition("=")
        _add(app, name, module)


def _add(app: typer.Typer, name: str, module: str) -> None:
    @app.command(name=name, help=f"Team command of the Python package {module}.", context_settings=UNTOUCHED)
    def command(context: typer.Context) -> None:
        stack = deployment.running_stack()
        variables = command_environment(stack) | {"PROGRAM_NAME": PROGRAM_NAME}
        raise typer.Exit(stack.run_command(module, [name, *context.args], variables))
