"""What a run came to, told to a tracking server that a team looks at already: MLflow.

The record stays the truth; a mirror is told of it, and nothing is ever read back. No row is sent: see `telling`.
A server that is away, slow or unwilling harms no run; what it lacks is sent later, once.

`loading` is for MLflow alone, which finds it by the name that stands in the model's files.
"""

__all__: list[str] = []
OPEN = ("found", "sending")
