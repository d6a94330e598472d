"""The files of an instance: the project's ``.prox/``, and ``~/.prox/`` of its user.

finding   find prox.yaml
project   read and check it
env_files read env files
text_files
          read small text files
folder    ``.prox/``: the lock and the state file of an instance
registry  ``~/.prox/instances/``: the running instances of this user
token     ``~/.prox/token``: the token for APIs that are not on loopback
owned_files
          small files that only their user can read, written atomically
"""
