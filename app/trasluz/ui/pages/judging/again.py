"""Training once more on the data as the person corrected it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trasluz.ui.session import Session


def learn_corrections(session: "Session") -> bool:
    """Start a run with the settings of the chosen one on the data as it is corrected now; whether there was one."""
    if session.run is None or not len(session.corrections):
        return False
    asked, count = session.run.folder.request, len(session.corrections)
    words = f"{count:,} correction{'' if count == 1 else 's'}"
    name = f"{asked.name.split(', with ')[0]}, with {words}"
    session.start_run(asked.family, dict(asked.settings), name=name, device=asked.device)
    return True
