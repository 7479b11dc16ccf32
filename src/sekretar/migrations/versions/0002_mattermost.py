"""The chat: what was sent and where, tokens of commands, consents, forms that are being filled in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _delivery()
    _consents()
    _commands()
    _conversations()


def _delivery() -> None:
    op.create_table(
        "sent_messages",
        sa.Column("message_key", sa.Text(), primary_key=True),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=True),
        sa.Column("post_id", sa.Text(), nullable=True, index=True),
        sa.Column("root_id", sa.Text(), nullable=True),
        sa.Column("content_hash", sa.Text(), nullable=True),
        sa.Column("at", MOMENT, nullable=False, index=True),
    )
    op.create_table(
        "direct_channels",
        sa.Column("bot_id", sa.Text(), primary_key=True),
        sa.Column("user_id", sa.Text(), primary_key=True),
        sa.Column("channel_id", sa.Text(), nullable=False),
    )
    op.create_table(
        "mattermost_marks",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
    )


def _consents() -> None:
    op.create_table(
        "consents",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column(
            "person_id", BIG_ID, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False, unique=True
        ),
        sa.Column("access_token", sa.Text(), nullable=False),
        sa.Column("refresh_token", sa.Text(), nullable=True),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("granted_at", MOMENT, nullable=False),
        sa.Column("refused_at", MOMENT, nullable=True),
    )


def _commands() -> None:
    op.create_table(
        "command_tokens",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("command_id", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False, index=True),
        sa.Column("created_at", MOMENT, nullable=False),
    )


def _conversations() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column(
            "person_id", BIG_ID, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False, unique=True
        ),
        sa.Column("form_id", sa.Text(), nullable=False),
        sa.Column("record", JSON, nullable=False),
        sa.Column("answers", JSON, nullable=False),
        sa.Column("secret_answers", sa.Text(), nullable=True),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("prompt_key", sa.Text(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
    )
