"""The door from the command line: the same core as the window's, in this process.

`trasluz` alone opens the window, `trasluz ./photos` on what lies there; `run` and `host` are the doors of the child
processes. Words, exit statuses and what each command prints are fixed, since scripts call them.
"""

import contextlib
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from trasluz.core.statuses import BAD_DATA, FAILED, OK, STOPPED, USAGE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, or open the window where there is none, and return the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["host"]:
        from trasluz.host.server import main as serve

        return serve()
    if given[:1] == ["run"] and len(given) == 2:
        from trasluz.host.run import main as run

        return run(given[1])
    if all(_is_place(word) for word in given):
        from trasluz.ui.app import main as window

        return window([Path(word) for word in given])
    try:
        return _command(given)
    except KeyboardInterrupt:  # while the command was still getting ready
        print("Stopped.", file=sys.stderr)
        return STOPPED


def _is_place(word: str) -> bool:
    """Whether a word is a file or folder that is there; one without a separator in it is a command."""
    return Path(word).name != word and Path(word).exists()


def _command(given: list[str]) -> int:
    from trasluz.cli.parser import make_parser

    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal's encoding lacks must not end a command.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        parser = make_parser()
        parsed, left = parser.parse_known_args(given)
        if len(left) == 1 and not left[0].startswith("-") and getattr(parsed, "input", "") is None:
            # argparse takes an input that may be left out for left out, where an option stands before it.
            parsed.input = left[0]
        elif left:
            parser.error(f"unrecognized arguments: {' '.join(left)}")
    except SystemExit as stop:
        return int(stop.code or 0)
    from trasluz.cli.output import Output

    return run_command(parsed.act, parsed, Output(as_json=parsed.json))


def run_command(act, parsed, output) -> int:  # type: ignore[no-untyped-def]
    """Call a command and turn what it raises into a sentence and an exit status."""
    from trasluz.api import DataError, FamilyError
    from trasluz.cli.output import CommandError
    from trasluz.core.plugins.manifest import PluginError
    from trasluz.host.calls import UsageError

    try:
        status = act(parsed, output)
        sys.stdout.flush()
    except CommandError as error:
        return output.failure(str(error), error.status)
    except DataError as error:
        return output.failure(str(error), BAD_DATA)
    except UsageError as error:
        return output.failure(str(error), USAGE)
    except (FamilyError, PluginError) as error:
        return output.failure(str(error), FAILED)
    except KeyboardInterrupt:
        return output.failure("Stopped.", STOPPED)
    except BrokenPipeError:
        # The reader of our output went away (`trasluz … | head`): nothing is wrong, and nothing more to say.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        return output.failure(f"{error.strerror or error}{where}.", FAILED)
    except Exception as error:
        if os.environ.get("TRASLUZ_TRACEBACK"):
            raise
        return output.failure(
            f"Something went wrong inside Trasluz: {type(error).__name__}: {error}. "
            "Set TRASLUZ_TRACEBACK=1 to see where.",
            FAILED,
        )
    return status if isinstance(status, int) else OK
