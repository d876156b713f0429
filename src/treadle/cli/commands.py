"""Commands built from the operations: arguments and options from the request, help from the docstring.

click rather than typer: a command here comes from a typed request and not from a function's signature
(docs/decisions/0003-click.md).
"""

from __future__ import annotations

import gc
import os
import re
import signal
import sys
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

import click
import msgspec

from treadle import __version__
from treadle.api import Context, Field, Operation, find
from treadle.cli.failing import Failure, fail, failure_of
from treadle.cli.known import Command, commands
from treadle.cli.sections import sections
from treadle.errors import TreadleError

if TYPE_CHECKING:
    from treadle.access.door import Door
    from treadle.principal import Principal
    from treadle.spec import Project

_HELP = """From raw tables and event streams to a model in production that is correct, watched and paid for.

Begin with:  treadle fit data.csv --target COLUMN

Or with a project:  treadle init DIR --from data.csv --target COLUMN   then:  treadle run DIR --serve
"""


_STOPPED = "stopped; what was finished is kept"


class _Listing(click.Command):
    """A command with commands of its own: `treadle log` lists, and `treadle log checkpoint` signs."""

    def __init__(self, plain: click.Command, commands: dict[str, _Named]) -> None:
        super().__init__(
            plain.name, callback=plain.callback, params=plain.params, help=plain.help, short_help=plain.short_help
        )
        self.commands = commands

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, found.get_short_help_str(80)) for name, found in self.commands.items()])


class _Named(click.Command):
    """A command that is known by its words and a line. What it takes is found once it is called."""

    def __init__(self, known: Command) -> None:
        super().__init__(known.name.split()[-1], help=known.text, short_help=known.text)
        self.known = known
        self.commands: dict[str, _Named] = {}

    def whole(self) -> click.Command:
        plain = _command(find(self.known.module, self.known.name))
        return _Listing(plain, self.commands) if self.commands else plain


class _Group(click.Group):
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, found, rest = super().resolve_command(ctx, args)
        while isinstance(found, _Named) and rest and rest[0] in found.commands:
            name, found, rest = f"{name} {rest[0]}", found.commands[rest[0]], rest[1:]
        return name, found.whole() if isinstance(found, _Named) else found, rest


class _Root(_Group):
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        widest = max(map(len, self.commands))
        for title, words in sections(sorted(self.commands)).items():
            with formatter.section(title):
                # columns that begin at one place, in all sections
                lines = [(word.ljust(widest), self.commands[word].get_short_help_str()) for word in words]
                formatter.write_dl(lines)


def build() -> click.Group:
    root = _Root(help=_HELP, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
    click.version_option(__version__, prog_name="treadle")(root)
    known = commands()
    for each in known.commands:  # in the order of their names: `log` comes before `log checkpoint`
        here: _Group | _Named = root
        *above, last = each.name.split()
        for place, word in enumerate(above, 1):
            if word not in here.commands:
                assert isinstance(here, _Group)
                text = known.groups[" ".join(above[:place])]
                here.add_command(_Group(word, help=text, short_help=text))
            within = here.commands[word]
            assert isinstance(within, _Group | _Named)
            here = within
        here.commands[last] = _Named(each)
    return root


def _command(found: Operation) -> click.Command:
    parameters: list[click.Parameter] = [_parameter(field) for field in found.fields()]
    parameters.append(
        click.Option(
            ["--as", "actor"],
            metavar="NAME",
            help="who acts; if not given, the person that your login is",
        )
    )
    parameters.append(click.Option(["--json", "as_json"], is_flag=True, help="print one JSON object and nothing else"))
    if found.name == "run":
        parameters.append(click.Option(["--serve"], is_flag=True, help="then serve the released model until Ctrl-C"))
        parameters.append(
            click.Option(["--port"], type=click.IntRange(1, 65535), help="port for --serve; the project's if not given")
        )

    def call(**given: Any) -> None:
        _call(found, given)

    return click.Command(
        found.words[-1], callback=call, params=parameters, help=found.doc, short_help=found.doc.splitlines()[0]
    )


def _parameter(field: Field) -> click.Parameter:
    many = get_origin(field.kind) is tuple
    kind, names = _kind(field.kind), (field.flag, field.name)
    if field.is_argument:
        given = {"required": True} if field.required else {"required": False, "default": field.default}
        metavar = field.name.upper() if field.required else f"[{field.name.upper()}]"
        return click.Argument([field.name], type=kind, metavar=metavar, **given)
    if kind is bool:
        flags = f"{field.flag}/--no-{field.flag[2:]}" if field.default else field.flag
        return click.Option([flags, field.name], is_flag=True, default=field.default, help=field.text)
    shown = field.default not in (None, "", ".", ())
    # a default of None given to click would count as a value, and nothing would be missing
    given = {"required": True} if field.required else {"default": field.default, "show_default": shown}
    return click.Option(list(names), type=kind, help=field.text, multiple=many, **given)


def _kind(hint: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        return _kind(next(a for a in get_args(hint) if a is not type(None)))
    if get_origin(hint) is Literal:
        return click.Choice([str(each) for each in get_args(hint)])
    return Number() if hint is float else hint if hint in (int, bool) else str


class Number(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.3 on, and 8.1 will do
    """A number; what is none is told in plain words."""

    name = "float"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            return float(value)
        except ValueError:
            point = f": write {value.replace(',', '.')}" if re.fullmatch(r"-?\d+,\d+", value) else ", such as 0.50"
            self.fail(f"'{value}' is not a number{point}", param, ctx)


def _call(found: Operation, given: dict[str, Any]) -> None:
    from treadle.cli.progress import Progress, Waits

    actor, as_json = given.pop("actor"), given.pop("as_json")
    serve, port = given.pop("serve", False), given.pop("port", None)
    if found.name == "serve":
        port = given["port"] = port
    if serve and as_json:
        raise click.UsageError("--serve goes on until stopped, so it cannot go with --json")
    request = _request(found, {k: v for k, v in given.items() if v is not None})
    if serve:
        _one_target(request)
    progress = Waits() if as_json else Progress()
    with progress:
        context = Context(_who(actor), observer=progress, say=progress.say, hear=_hear, mounts=_mounts(given))
        answer = found.begin(request, context)
    if serve and answer.released:
        answer = msgspec.structs.replace(answer, next="")  # it happens below
    if as_json:
        sys.stdout.write(msgspec.json.Encoder(enc_hook=str, decimal_format="number").encode(answer).decode() + "\n")
    else:
        from treadle.cli.show import show

        show(found, answer)
    if serve:
        _serve_after_run(request, answer, port, actor)
    if getattr(answer, "ok", True) is False:
        raise SystemExit(1)


def _request(found: Operation, given: dict[str, Any]) -> Any:
    """The typed request; what does not fit is told in the words of the command line, and not in those of the type."""
    fields = {field.name: field for field in found.fields()}
    for name, field in fields.items():
        if field.required and name not in given:
            raise click.UsageError(f"Missing {'argument' if field.is_argument else 'option'} '{_said(field)}'.")
    try:
        return msgspec.convert(given, found.request)
    except msgspec.ValidationError as bad:
        what, _, path = str(bad).partition(" - at `$.")
        named = fields.get(path.rstrip("`").split(".")[0].split("[")[0])
        raise click.UsageError(f"Invalid value for '{_said(named)}': {what}" if named else what) from bad


def _said(field: Field) -> str:
    return field.name.upper() if field.is_argument else field.flag


def _serve_after_run(request: Any, answer: Any, port: int | None, actor: str | None) -> None:
    if not answer.released:
        raise TreadleError(
            f"{answer.model} is {answer.status}, so there is nothing to serve", where=request.project, mend=answer.next
        )
    from treadle.cli.show import show

    found = find("endpoint", "serve")
    context = Context(_who(actor), say=_print, mounts=_mounts({"project": request.project, "target": request.target}))
    show(found, found.begin(found.request(project=request.project, target=request.target, port=port), context))


def _one_target(request: Any) -> None:
    """A server serves one target: which of several must be known before the work, and not after it."""
    from treadle.spec import load

    load(request.project).of(request.target)


def _who(asked: str | None) -> Callable[[Project], Principal]:
    """Who works at this terminal: by token where there is one, else by login. Found once the project is known."""

    def found(project: Project) -> Principal:
        from treadle.api.identity import at_the_terminal

        return at_the_terminal(project, asked or os.environ.get("TREADLE_ACTOR"), os.environ.get("TREADLE_TOKEN"))

    return found


def _mounts(given: dict[str, Any]) -> Callable[[Door], dict[str, Any]]:
    def made(door: Door) -> dict[str, Any]:
        from treadle.web import mounts

        return dict(mounts(given["project"], door, given.get("target")))

    return made


def _hear(prompt: str) -> str:
    """What is typed, or piped in, to its end; a million characters are no sentence, and are not waited for."""
    if sys.stdin.isatty():
        sys.stderr.write(f"{prompt}\n")
    return sys.stdin.read(1_000_000)


def _print(text: str) -> None:
    from treadle.cli.show import console

    console().print(text, highlight=False, soft_wrap=True)


_BETWEEN_COLLECTIONS = 50_000
"""New objects between two looks for cycles. Python's own 700 make imports, which leave none, take a fifth longer."""


def main() -> None:
    """Run a command. Expected failures print one message on stderr and exit with 1; usage errors with 2.

    With `--json` what failed is on stdout too, as one JSON object.
    """
    end_as_told()
    gc.set_threshold(_BETWEEN_COLLECTIONS)
    try:
        build().main(prog_name="treadle", standalone_mode=False)
    except click.exceptions.Exit as done:
        raise SystemExit(done.exit_code) from None
    except (click.Abort, KeyboardInterrupt) as stop:
        said = str(stop.__cause__ or stop) or _STOPPED  # click wraps it; an operation may say what it has kept
        raise fail(Failure(said), said, 130) from None
    except click.ClickException as bad:
        bad.show()
        raise fail(failure_of(bad), "", bad.exit_code) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except (TreadleError, msgspec.ValidationError) as bad:
        raise fail(failure_of(bad), f"treadle: {bad}", 1) from None
    except OSError as bad:
        failure = failure_of(bad)
        raise fail(failure, f"treadle: {failure.where}: {failure.error}\n  {failure.mend}", 1) from None


def end_as_told() -> None:
    """A terminal that goes away ends a long run like Ctrl-C does, so that steps are closed properly; not under `nohup`.

    A shell lets what it begins in the background hear no Ctrl-C, and all that this begins neither. What has a session
    of its own has no terminal: a queue or a machine that ends it by SIGINT means it.
    """
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.default_int_handler)
    alone = hasattr(os, "getsid") and os.getsid(0) == os.getpid()
    if alone and signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
