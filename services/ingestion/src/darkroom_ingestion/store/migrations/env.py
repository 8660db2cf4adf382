"""Alembic's environment: runs the migrations on the service's connection."""

from alembic import context

from darkroom_ingestion.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
