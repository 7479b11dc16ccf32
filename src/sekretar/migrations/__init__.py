"""How the tables came to be: one file per step, run by `Database.migrate`, never edited once released.

A step names what it creates in full instead of importing models: the models of tomorrow must not change what
yesterday's step did. Strings are `sa.Text`, moments `sa.DateTime(timezone=True)`; constraints get their names
from `sekretar.kernel.columns.NAMING`.
"""
