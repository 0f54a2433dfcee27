"""Commands that the team's own packages bring, as TEAM_COMMANDS in .env names them."""

import typer
from dotenv import dotenv_values

from airfleet.config.paths import Paths
from airfleet.operate import deployment
from airfleet.operate.first_runs import command_environment

# Whoever is given the arguments parses them, --help among them.
UNTOUCHED = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def add_commands(app: typer.Typer) -> None:
    """Add a command to *app* for each NAME=MODULE; nothing where there is no .env yet."""
    env_file = Paths().env_file
    named = dotenv_values(env_file, interpolate=False).get("TEAM_COMMANDS") if env_file.is_file() else None
    for item in filter(None, (named or "").split(",")):
        name, _, module = item.partition("=")
        _add(app, name, module)


def _add(app: typer.Typer, name: str, module: str) -> None:
    @app.command(name=name, help=f"The team's own: python -m {module} {name}.", context_settings=UNTOUCHED)
    def command(context: typer.Context) -> None:
        stack = deployment.running_stack()
        raise typer.Exit(stack.run_command(module, [name, *context.args], command_environment(stack)))
