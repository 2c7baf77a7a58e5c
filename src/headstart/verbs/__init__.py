"""The public functions: one for each verb of the command line, of the same name. They return records and print nothing.

They stand on the package: ``headstart.fit``, ``headstart.predict`` and so on.
"""
