"""A version before its release: who could review it, what to look at, and what is said of it."""

from __future__ import annotations

from typing import Annotated

from treadle.api.models import OfVersion
from treadle.api.operation import OfTarget, Work, operation, option
from treadle.rhythm.review_found import Assigned, Commented, ReviewShown


class ReviewRequest(OfVersion, frozen=True):
    """Which version."""

    page: Annotated[str | None, option("also write it to this file, as a page", local=True)] = None


class AssignRequest(OfVersion, frozen=True):
    to: Annotated[tuple[str, ...], option("a reviewer who is asked to review it; several times")]
    because: Annotated[str, option("why they")] = ""


class CommentRequest(OfTarget, frozen=True):
    text: Annotated[str, option("what you say; it stands in the record under your name")]
    about: Annotated[
        str | None, option("what it is about, as `why` knows it: a version, a table, an entry; else the newest version")
    ] = None
    at: Annotated[str, option("a line of a file of the project, FILE:LINE")] = ""
    answers: Annotated[int | None, option("the entry of the comment that it answers")] = None


@operation("models", "review", permission="read", remote=True)
def models_review(request: ReviewRequest, work: Work) -> ReviewShown:
    """Show a version as its reviewer sees it: a checklist with its evidence, who could review it, and comments.

    Reviewers are proposed by CODEOWNERS, by what they did of late and by what waits for them; who asked for the
    release, or wrote what changed, is not. How long reviews took is told beside.
    """
    from treadle.rhythm.reviewing import review

    found = review(work.workspace, request.model, request.project)
    if request.page is not None:
        from treadle.api.written import new_file
        from treadle.evidence import write_whole
        from treadle.rhythm.showing import review_page

        html = review_page(work.workspace.project.spec.project, found, served=False)
        write_whole(new_file(request.page, "--page"), html.encode())
    return found


@operation("models", "assign", permission="discuss")
def models_assign(request: AssignRequest, work: Work) -> Assigned:
    """Ask reviewers to review a version; it then stands in `team waits` for them. Another reviewer may approve it too.

    `treadle models assign . 3 --to grace`; a later assignment takes the place of this one.
    """
    from treadle.rhythm.reviewing import ask_to_review

    return ask_to_review(work.workspace, request.model, request.to, request.because, request.project)


@operation("models", "comment", permission="discuss")
def models_comment(request: CommentRequest, work: Work) -> Commented:
    """Say something to those who review: on a version, on anything that the record has, or on a line of the project.

    `treadle models comment . --at treadle.yaml:12 --text "why three hours?"`
    """
    from treadle.rhythm.reviewing import say

    return say(work.workspace, request.about, request.text, request.at, request.answers)
