"""The files of an instance: the project's ``.prox/``, and ``~/.prox/`` of its user.

finding   where prox.yaml is
project   reads and checks it
env_files the env files that it names
text_files small text files, each failure with its place
folder    ``.prox/``: the lock that decides whether an instance runs, and the state file that says where it answers
registry  ``~/.prox/instances/``: where on this machine instances run
token     ``~/.prox/token``: what an API that is not a loopback one asks for
owned_files
          small files that only their user can read, written whole or not at all
"""
