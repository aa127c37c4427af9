"""The revisions that the code knows, and the migrations that make them."""

from __future__ import annotations

from pathlib import Path

from alembic.script import ScriptDirectory

from dispatch_bus.store import migrations
from dispatch_bus.store.schema import REVISIONS


def test_each_revision_has_its_migration() -> None:
    """The code knows the migrations' revisions, in their order, without reading them."""
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    made = [script.revision for script in scripts.walk_revisions()]
    assert list(reversed(made)) == list(REVISIONS)
