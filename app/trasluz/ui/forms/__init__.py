"""Forms that are made from a family's settings."""

from .form import SettingsForm
from .schema import Choice, Field, fetched, fields_of

__all__ = ["Choice", "Field", "SettingsForm", "fetched", "fields_of"]
