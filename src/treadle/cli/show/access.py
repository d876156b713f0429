"""access, tokens."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import table

_ROLES = ("owner", "reviewer", "member", "service", "policy")


def show_table(answer: Any, out: Any) -> None:
    grid = table("may", *_ROLES, "anonymous", "token's scope", "commands and paths")
    often = {"never": "–", "always": "yes", "loopback": "here", "said": "if said"}
    for rule in answer.permissions:
        marks = ["yes" if role in rule.roles else "–" for role in _ROLES]
        where = ", ".join([*rule.operations, *rule.routes])
        grid.add_row(rule.text, *marks, often[rule.anonymous], rule.scope or "–", f"[dim]{where}[/]")
    out.print(grid)
    out.print("here: where the server listens on this machine alone; if said: where access.anonymous names the scope")
    out.print("a person's token is made by that person alone; a member is anybody who has a role in brief.people")
    out.print("approve, answer for findings: of these, a reviewer who did not ask for the release; see docs/people.md")


def show_diff(answer: Any, out: Any) -> None:
    if not answer.changes:
        out.print("nobody may more or less than before")
    for change in answer.changes:
        mark = "[red]+[/]" if change.granted else "[green]-[/]"
        out.print(f"{mark} {change.text}", soft_wrap=True)


def show_token(answer: Any, out: Any) -> None:
    token = answer.token
    out.print(
        f"token [bold]{token.token}[/] of {token.holder} {token.name}, for {', '.join(token.scopes)}, until "
        f"{token.expires[:16].replace('T', ' ')}Z. It is shown this once:",
        soft_wrap=True,
    )
    out.print(answer.text, soft_wrap=True, markup=False)
    out.print("send it as:  authorization: Bearer TOKEN   (or TREADLE_TOKEN, on the command line)", markup=False)


def show_tokens(answer: Any, out: Any) -> None:
    if not answer.tokens:
        out.print("no token stands; treadle tokens create NAME makes one")
        return
    grid = table("token", "of", "for", "until", "made by")
    for token in answer.tokens:
        until = token.expires[:16].replace("T", " ") + "Z"
        shown = until if token.stands else f"[dim]ended {until}[/]"
        grid.add_row(token.token, f"{token.holder} {token.name}", ", ".join(token.scopes), shown, token.by)
    out.print(grid)


def show_revoked(answer: Any, out: Any) -> None:
    out.print(f"token {answer.token} opens nothing from {answer.at[:19].replace('T', ' ')}Z on")


VIEWS = {
    "access table": show_table,
    "access diff": show_diff,
    "tokens create": show_token,
    "tokens rotate": show_token,
    "tokens list": show_tokens,
    "tokens revoke": show_revoked,
}
